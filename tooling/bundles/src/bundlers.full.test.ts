import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run, runOrThrow } from '@tokenwright/checks/pack';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformBinary, Workshop } from './project.ts';
import { hasChromium, isCi, serve, startBrowser, visit } from './site.ts';
import { environment, versioned } from './users.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
let workshop: Workshop;
let browser: Browser | undefined;
/** What the page prints in Node. */
let text: string;
beforeAll(async () => {
  workshop = new Workshop();
  if (hasChromium) browser = await startBrowser();
  else if (isCi) throw new Error('The pages cannot be opened: no Chromium. Install one, or set CHROMIUM_PATH.');
});
afterAll(async () => {
  await browser?.close();
  workshop.close();
});

/** A project with the page, tokenwright, and these packages. */
function pageProject(name: string, ...packages: readonly string[]): string {
  const project = workshop.project(name);
  for (const file of ['page.js', 'index.html']) cpSync(join(fixtures, file), join(project, file));
  workshop.install(project, versioned(...packages), { flags: ['--ignore-scripts'] });
  text ??= runOrThrow(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      "import { languageModel } from 'tokenwright'; const lm = await languageModel('story'); console.log((await lm.generate('Once upon a time', { maxNewTokens: 12, seed: 1 })).text);",
    ],
    project,
    environment,
  ).trimEnd();
  return project;
}

/** Open the page on this thread, and with a worker. */
async function expectPage(url: string): Promise<void> {
  if (browser === undefined) return;
  for (const query of ['', '?worker']) {
    const { title, problems, requests } = await visit(browser, `${url}${query}`);
    expect(problems).toEqual([]);
    expect(title).toMatch(/^done: /);
    const report = JSON.parse(title.slice('done: '.length));
    expect(report).toEqual({ text, refusal: 'topP', engine: 'fused wasm' });
    expect(requests.filter((path) => path.endsWith('.safetensors'))).toHaveLength(1);
  }
}

/** The files of a build that are JavaScript, with what they hold. */
function scripts(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** No file has TensorFlow.js in it. */
function expectNoTensorflow(built: ReadonlyMap<string, string>): void {
  for (const [name, code] of built) expect(/registerBackend|tfjs-core/.test(code), name).toBe(false);
}

describe('a page with a model, on its own thread and in a worker', () => {
  const viteProgram = join(import.meta.dirname, '..', 'node_modules', 'vite', 'bin', 'vite.js');
  let vite: string;
  beforeAll(() => {
    vite = pageProject('vite');
  });

  it('Vite builds it', async () => {
    const project = vite;
    const { status, output } = run(process.execPath, [viteProgram, 'build'], project, environment);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/warning|\(!\)/i);
    const built = scripts(join(project, 'dist'));
    expectNoTensorflow(built);
    const sizes = [...built].map(([name, code]) => [name, gzipSync(code).length] as const);
    console.log(`Vite: ${sizes.map(([name, size]) => `${name} ${(size / 1000).toFixed(1)} kB`).join(', ')} (gzip)`);
    const site = await serve(join(project, 'dist'));
    await expectPage(site.url);
    site.close();
  });

  it('Vite serves it for development', async () => {
    const project = vite;
    const server = spawn(process.execPath, [viteProgram, '--host', '127.0.0.1', '--port', '0', '--strictPort'], {
      cwd: project,
      env: environment,
    });
    try {
      await expectPage(await addressOf(server, /http:\/\/127\.0\.0\.1:\d+\//));
    } finally {
      server.kill();
    }
  });

  it('webpack builds it', async () => {
    const project = pageProject('webpack', 'webpack');
    writeFileSync(
      join(project, 'build.mjs'),
      `import webpack from 'webpack';
       webpack({ mode: 'production', entry: './page.js', performance: false, output: { path: process.cwd() + '/dist', filename: 'page.js' } }, (error, stats) => {
         console.log(error ?? stats.toString({ preset: 'errors-warnings' }));
         process.exitCode = error || stats.hasErrors() || stats.hasWarnings() ? 1 : 0;
       });`,
    );
    const { status, output } = run(process.execPath, ['build.mjs'], project, environment);
    expect(status, output).toBe(0);
    cpSync(join(project, 'index.html'), join(project, 'dist', 'index.html'));
    expectNoTensorflow(scripts(join(project, 'dist')));
    const site = await serve(join(project, 'dist'));
    await expectPage(site.url);
    site.close();
  });

  it('esbuild builds it, with the worker as an entry and the models beside it', async () => {
    const project = pageProject('esbuild', 'esbuild');
    const esbuild = platformBinary(
      join(project, 'node_modules'),
      '@esbuild',
      process.platform === 'win32' ? 'esbuild.exe' : 'esbuild',
    );
    const entries = ['page=page.js', 'worker=tokenwright/worker'];
    const flags = ['--bundle', '--format=esm', '--splitting', '--minify', '--outdir=site/js'];
    const { status, output } = run(esbuild, [...entries, ...flags], project, environment);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/warning/i);
    expectNoTensorflow(scripts(join(project, 'site')));
    cpSync(join(project, 'index.html'), join(project, 'site', 'js', 'index.html'));
    cpSync(join(project, 'node_modules', '@tokenwright', 'demo-model', 'models'), join(project, 'site', 'models'), {
      recursive: true,
    });
    const site = await serve(join(project, 'site'));
    await expectPage(`${site.url}js/`);
    site.close();
  });

  it('Next.js builds it, and a route of its server', async () => {
    const project = pageProject('next', 'next', 'react', 'react-dom');
    cpSync(join(fixtures, 'next'), project, { recursive: true });
    cpSync(join(fixtures, 'page.js'), join(project, 'app', 'work.js'));
    mkdirSync(join(project, 'public'));
    writeFileSync(join(project, 'next.config.mjs'), 'export default { turbopack: { root: import.meta.dirname } };\n');
    const env = { ...environment, NEXT_TELEMETRY_DISABLED: '1' };
    const next = join('node_modules', 'next', 'dist', 'bin', 'next');
    const { status, output } = run(process.execPath, [next, 'build'], project, env);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/warning/i);
    const server = spawn(process.execPath, [next, 'start', '-H', '127.0.0.1', '-p', '0'], { cwd: project, env });
    try {
      const url = await addressOf(server, /http:\/\/127\.0\.0\.1:\d+/);
      expect(await (await fetch(`${url}/api/text`)).json()).toEqual({ text });
      await expectPage(`${url}/`);
    } finally {
      server.kill();
    }
  });
});

/** The address that a server prints when it listens. */
function addressOf(server: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer): void => {
      // Colors divide an address.
      output += chunk.toString().replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
      const found = pattern.exec(output);
      if (found !== null) resolve(found[0]);
    };
    server.stdout!.on('data', read);
    server.stderr!.on('data', read);
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${output}`)));
  });
}
