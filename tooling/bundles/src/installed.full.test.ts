import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, runOrThrow } from '@tokenwright/checks/pack';
import { root } from '@tokenwright/checks/workspace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformBinary, sizeOf, Workshop } from './project.ts';
import { environment, versioned } from './users.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
let workshop: Workshop;
/** A project of a user: the package, compilers, nothing else. */
let project: string;
let printed: string;
beforeAll(() => {
  workshop = new Workshop();
  project = workshop.project('user');
  printed = workshop.install(project, []);
});
afterAll(() => workshop.close());

describe('npm install tokenwright', () => {
  it('takes less than 30 MB, without TensorFlow.js', () => {
    const modules = join(project, 'node_modules');
    const size = sizeOf(modules);
    console.log(`install size: ${(size / 1e6).toFixed(1)} MB`);
    expect(size).toBeLessThan(30e6);
    expect(run('npm', ['ls', '--all', '@tensorflow/tfjs-core'], project, environment).output).toContain('(empty)');
  });

  it('prints no warning', () => {
    expect(printed).not.toMatch(/warn|deprecated|vulnerab/i);
  });

  it('prints text within 5 s of the start', () => {
    copyFileSync(join(fixtures, 'first.ts'), join(project, 'first.mjs'));
    writeFileSync(
      join(project, 'timed.mjs'),
      `const write = process.stdout.write.bind(process.stdout);
       process.stdout.write = (text) => {
         process.stdout.write = write;
         write(\`first text after \${Math.round(performance.now())} ms: \${text}\`);
         return true;
       };
       await import('./first.mjs');`,
    );
    // The best of three: other programs of the machine are not what is measured.
    const times = [1, 2, 3].map(() => {
      const output = runOrThrow(process.execPath, ['timed.mjs'], project, environment);
      expect(output.split(/\s+/).length).toBeGreaterThan(60);
      return Number(/first text after (\d+) ms/.exec(output)![1]);
    });
    console.log(`first text after ${Math.min(...times)} ms`);
    expect(Math.min(...times)).toBeLessThan(5000);
  });

  it('says what to install for a backend that is missing', () => {
    const script =
      "import { languageModel } from 'tokenwright'; await languageModel('story', { engine: 'tfjs-wasm' });";
    const { status, output } = run(process.execPath, ['--input-type=module', '-e', script], project, environment);
    expect(status).toBe(1);
    expect(output).toMatch(/EngineUnavailableError/);
    expect(output).toMatch(/npm install @tensorflow\/tfjs-core @tensorflow\/tfjs-backend-wasm/);
  });

  it('works from a package of another type: commonjs, and none', () => {
    const script = `const { languageModel } = require('tokenwright');
      languageModel('story-amateur').then((lm) => lm.generate('A', { maxNewTokens: 3, seed: 1 })).then(({ ids }) => console.log(ids.length));`;
    for (const type of ['commonjs', undefined]) {
      const folder = join(project, `type-${type}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
      writeFileSync(join(folder, 'main.js'), script);
      expect(run(process.execPath, ['main.js'], folder, environment)).toEqual({ status: 0, output: '3\n' });
    }
  });

  it('pnpm installs it without build scripts to approve', () => {
    const folder = workshop.project('with-pnpm');
    const [pnpm] = versioned('pnpm');
    const overrides = Object.fromEntries(
      workshop.tarballs.map((path) => [packageNameOf(path), `file:${path.replaceAll('\\', '/')}`]),
    );
    writeFileSync(join(folder, 'pnpm-workspace.yaml'), JSON.stringify({ packages: [], overrides }));
    const tarball = workshop.tarballs.find((path) => packageNameOf(path) === 'tokenwright')!;
    const { status, output } = run('npx', ['-y', pnpm!, 'add', tarball], folder, { ...environment, CI: 'true' });
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/ERR_PNPM_IGNORED_BUILDS|Ignored build scripts|WARN/i);
    copyFileSync(join(fixtures, 'first.ts'), join(folder, 'first.mjs'));
    expect(runOrThrow(process.execPath, ['first.mjs'], folder, environment).length).toBeGreaterThan(100);
  });
});

describe('strict TypeScript', () => {
  beforeAll(() => {
    workshop.install(project, versioned('typescript-5', 'typescript-7', 'zod'), { tokenwright: false });
    for (const name of ['first.ts', 'user.ts']) copyFileSync(join(fixtures, name), join(project, name));
  });

  it.each(
    ['typescript-5', 'typescript-7'].flatMap((compiler) =>
      (['bundler', 'nodenext'] as const).map((resolution) => [compiler, resolution] as const),
    ),
  )('compiles the first lines and a program with %s under %s', (compiler, moduleResolution) => {
    const config = `tsconfig.${moduleResolution}.json`;
    writeFileSync(
      join(project, config),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
          module: moduleResolution === 'bundler' ? 'preserve' : 'nodenext',
          moduleResolution,
          outDir: `out-${compiler}-${moduleResolution}`,
          types: [],
        },
        files: ['first.ts', 'user.ts', 'globals.d.ts'],
      }),
    );
    writeFileSync(
      join(project, 'globals.d.ts'),
      'declare const process: { readonly stdout: { write(text: string): void } };\n',
    );
    const tsc = join('node_modules', compiler, 'bin', 'tsc');
    expect(run(process.execPath, [tsc, '-p', config], project, environment)).toEqual({ status: 0, output: '' });
    const version = runOrThrow(process.execPath, [tsc, '--version'], project, environment);
    expect(version).toContain(compiler === 'typescript-5' ? 'Version 5.9' : 'Version 7.');
  });

  it('and what was compiled runs, in Node 24, Node 22, Bun and Deno, with the same tokens', () => {
    const tools = workshop.project('runtimes');
    workshop.install(tools, versioned('bun', 'deno'), { tokenwright: false, flags: ['--ignore-scripts'] });
    const modules = join(tools, 'node_modules');
    const program = join('out-typescript-7-nodenext', 'user.js');
    const node22 = /node@(22\.\S+)/.exec(JSON.stringify(rootScripts()))![1]!;
    const outputs = {
      'Node 24': run(process.execPath, [program], project, environment),
      'Node 22': run('npx', ['-y', '-p', `node@${node22}`, 'node', program], project, environment),
      Bun: run(platformBinary(modules, '@oven', 'bun'), ['run', program], project, environment),
      Deno: run(platformBinary(modules, '@deno', 'deno'), ['run', '-A', program], project, environment),
    };
    const reports = Object.entries(outputs).map(([runtime, { status, output }]) => {
      expect(status, `${runtime}: ${output}`).toBe(0);
      expect(output, runtime).not.toMatch(/warning/i);
      return JSON.parse(output.trim());
    });
    expect(reports[0]).toMatchObject({
      finishReason: 'length',
      usage: { completionTokens: 12 },
      refused: 'ChatTemplateError',
      failures: ['top_p: topP', 'topP: 7', 'temprature: temperature'],
      crew: 2,
      isEven: false,
    });
    expect(reports[0].perplexity).toBeGreaterThan(1);
    for (const { perplexity, ...report } of reports) {
      const { perplexity: expected, ...first } = reports[0];
      expect(report).toEqual(first);
      expect(perplexity).toBeCloseTo(expected, 3);
    }
  });
});

/** `tokenwright-backends-0.0.0.tgz` is of `@tokenwright/backends`. */
function packageNameOf(tarball: string): string {
  const name = /([^/\\]+)-\d+\.\d+\.\d+[^/\\]*\.tgz$/.exec(tarball)![1]!;
  return name.replace(/^tokenwright-/, '@tokenwright/');
}

function rootScripts(): Record<string, string> {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
}
