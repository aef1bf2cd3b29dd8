import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Packed, packAll, run, runOrThrow } from './pack.ts';
import { type Manifest, publishedPackages, root, toPosix, workspaceClosure } from './workspace.ts';

const published = publishedPackages();
const tensorflow: string = /['"]@tensorflow\/tfjs['"]: (\S+)/.exec(
  readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'),
)![1]!;
/** A user's machine does not depend on this workspace. Its network settings are kept. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      /^npm_config_(registry|cafile|ca|proxy|https_proxy|noproxy|strict_ssl|userconfig|globalconfig|cache)$/i.test(
        name,
      ) || !/^(npm_|pnpm_|turbo_|vitest|node_options$|node_env$|init_cwd$)/i.test(name),
  ),
);

/** Entries that run TensorFlow.js, which is an optional peer: an application that uses them installs it. */
const needTensorflow = ['@tokenwright/core/reference', '@tokenwright/core/testing'];

let folder: string;
let packed: Packed[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenwright-install-'));
  mkdirSync(join(folder, 'tarballs'));
  packed = packAll(join(folder, 'tarballs'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

/** An empty project with these packages, each with the workspace packages that it needs, as npm installs them. */
function install(name: string, packages: readonly string[], others: readonly string[] = []): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  const names = new Set(packages.flatMap((wanted) => workspaceClosure(wanted, published)));
  const tarballs = packed.filter(({ manifest }) => names.has(manifest.name)).map(({ tarball }) => tarball);
  runOrThrow('npm', ['install', '--no-audit', '--no-fund', ...tarballs, ...others], project, env);
  return project;
}

function manifestIn(project: string, name: string): Manifest {
  return JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8'));
}

/** Every folder that contains a package, at any depth. */
function copies(project: string, name: string): string[] {
  return readdirSync(project, { recursive: true, encoding: 'utf8' })
    .map(toPosix)
    .filter((path) => path.endsWith(`node_modules/${name}/package.json`));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => toPosix(join(entry.parentPath, entry.name)).slice(toPosix(folder).length + 1));
}

/** Every specifier that an installed package exports, with `*` expanded. */
function specifiers(project: string, name: string): string[] {
  const dist = filesIn(join(project, 'node_modules', name, 'dist')).filter((path) => path.endsWith('.js'));
  return Object.entries(manifestIn(project, name).exports ?? {}).flatMap(([subpath, to]) => {
    if (typeof to === 'string') return [];
    if (!subpath.includes('*')) return [`${name}${subpath.slice(1)}`];
    return dist.map((path) => `${name}/${path.replace(/\.js$/, '')}`);
  });
}

function importAll(project: string, entries: readonly string[]): ReturnType<typeof run> {
  writeFileSync(join(project, 'import-all.mjs'), `for (const name of ${JSON.stringify(entries)}) await import(name);`);
  return run(process.execPath, ['import-all.mjs'], project, env);
}

describe('a project of core, samplers, backends and @tensorflow/tfjs', () => {
  let project: string;
  beforeAll(() => {
    project = install(
      'user',
      ['@tokenwright/core', '@tokenwright/samplers', '@tokenwright/backends'],
      [`@tensorflow/tfjs@${tensorflow}`],
    );
  }, 240_000);

  it('has exactly one TensorFlow.js engine', () => {
    expect(copies(project, '@tensorflow/tfjs-core')).toEqual(['node_modules/@tensorflow/tfjs-core/package.json']);
  });

  it('can import what needs TensorFlow.js', { timeout: 120_000 }, () => {
    const { status, output } = importAll(project, needTensorflow);
    expect(status, output).toBe(0);
  });

  it("runs a user's program", { timeout: 120_000 }, () => {
    copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'user-script.mjs'), join(project, 'user-script.mjs'));
    const { status, output } = run(process.execPath, ['user-script.mjs'], project, env);
    expect(output).toContain(`tfjs ${tensorflow} cpu`);
    expect(output).toMatch(/skipped tfjs wasm: .*tfjs-backend-wasm/);
    expect(output).toMatch(/generated [a-z .]{20}/);
    expect(status, output).toBe(0);
  });
});

describe('the first lines of the README', () => {
  it('print text after its install line', { timeout: 300_000 }, () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const packages = /^npm install (.*)$/m.exec(readme)![1]!.split(' ');
    const script = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
    expect(script.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(8);
    const names = new Set(published.map(({ manifest }) => manifest.name));
    const others = packages.filter((name) => !names.has(name));
    expect(others.filter((name) => name !== '@tensorflow/tfjs')).toEqual([]);
    const project = install(
      'readme',
      packages.filter((name) => names.has(name)),
      others.map((name) => `${name}@${tensorflow}`),
    );
    writeFileSync(join(project, 'first.mjs'), script);
    const { status, output } = run(process.execPath, ['first.mjs'], project, env);
    expect(status, output).toBe(0);
    expect(
      output
        .replace(/=[\s\S]*=/, '')
        .trim()
        .split(/\s+/).length,
      output,
    ).toBeGreaterThan(15);
  });
});

describe.each(published)('$manifest.name alone', ({ manifest }) => {
  const { name } = manifest;
  let project: string;
  beforeAll(() => {
    project = install(`alone-${name.replace('@tokenwright/', '')}`, [name]);
  }, 240_000);

  it('installs only what it needs', () => {
    const present = published
      .map(({ manifest: { name: other } }) => other)
      .filter((other) => existsSync(join(project, 'node_modules', other)));
    expect(present.sort()).toEqual(workspaceClosure(name, published).sort());
    const needed = new Set(
      workspaceClosure(name, published).flatMap((member) => {
        const { dependencies, peerDependencies, peerDependenciesMeta } = manifestIn(project, member);
        const required = Object.keys(peerDependencies ?? {}).filter((peer) => !peerDependenciesMeta?.[peer]?.optional);
        return [...Object.keys(dependencies ?? {}), ...required];
      }),
    );
    for (const other of [
      '@tensorflow/tfjs',
      'webgpu',
      ...['cpu', 'webgl', 'wasm', 'webgpu'].map((b) => `@tensorflow/tfjs-backend-${b}`),
    ]) {
      // The wasm backend of TensorFlow.js itself depends on the cpu backend.
      const throughWasm = other.endsWith('-cpu') && needed.has('@tensorflow/tfjs-backend-wasm');
      expect(existsSync(join(project, 'node_modules', other)), other).toBe(needed.has(other) || throughWasm);
    }
  });

  it('ships what it lists, a README and the license, and no test', () => {
    const files = filesIn(join(project, 'node_modules', name));
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']));
    const wanted = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', ...(manifest.files ?? [])];
    const extra = files.filter((path) => !wanted.some((one) => path === one || path.startsWith(`${one}/`)));
    expect(extra).toEqual([]);
    const unwanted = name === '@tokenwright/core' ? /\.(test|bench)\./ : /\.(test|bench)\.|(^|\/)testing\//;
    expect(files.filter((path) => unwanted.test(path) || path.endsWith('.tsbuildinfo'))).toEqual([]);
    expect(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')).not.toMatch(
      /"@tokenwright\/source":|workspace:|catalog:/,
    );
  });

  it('can be imported by every name that it exports', { timeout: 120_000 }, () => {
    // The program of a Worker refuses to run on the main thread.
    const names = specifiers(project, name).filter((entry) => entry !== 'tokenwright/worker');
    const withTensorflow = names.filter((entry) => needTensorflow.includes(entry));
    const { status, output } = importAll(
      project,
      names.filter((entry) => !needTensorflow.includes(entry)),
    );
    expect(status, output).toBe(0);
    for (const entry of withTensorflow) {
      expect(importAll(project, [entry]).output).toMatch(/Cannot find package '@tensorflow\/tfjs-core'/);
    }
    for (const command of Object.keys(manifest.bin ?? {})) {
      const help = run(join(project, 'node_modules', '.bin', command), ['--help'], project, env);
      expect(help.status, help.output).toBe(0);
    }
  });
});
