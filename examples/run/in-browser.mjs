// Runs one example in headless Chromium: `node examples/run/in-browser.mjs examples/browser-worker.ts`. Prints the console of the page.
// The example is finished when it sets the page title to 'done'.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { createServer } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const file = relative(root, process.argv[2]);
const executablePath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log(`*** SKIPPED: no Chromium at ${executablePath}: install one, or set CHROMIUM_PATH.`);
  process.exit(0);
}

const page = `<!doctype html><title>running</title><link rel="icon" href="data:,"><body><script type="module" src="/${file}"></script></body>`;
const cacheDir = mkdtempSync(join(tmpdir(), 'tokenwright-example-'));
const server = await createServer({
  root,
  configFile: false,
  cacheDir,
  logLevel: 'error',
  resolve: { conditions: ['@tokenwright/source', 'module', 'browser', 'development|production'] },
  optimizeDeps: { exclude: ['@tokenwright/demo-model'], entries: [file] },
  worker: { format: 'es' },
  server: {
    port: 0,
    host: '127.0.0.1',
    // Required for shared memory. Without it, the engine runs on one thread.
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  plugins: [
    {
      name: 'page',
      configureServer: ({ middlewares }) =>
        void middlewares.use('/example', (_, response) => response.setHeader('Content-Type', 'text/html').end(page)),
    },
  ],
});
await server.listen();
let browser;
let failed = false;
try {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const tab = await browser.newPage();
  const fail = (text) => {
    console.error(text);
    failed = true;
  };
  tab.on('console', (message) => (message.type() === 'error' ? fail(message.text()) : console.log(message.text())));
  tab.on('pageerror', (error) => fail(error.stack));
  await tab.goto(`http://127.0.0.1:${server.httpServer.address().port}/example`);
  await tab.waitForFunction(() => document.title === 'done', undefined, { timeout: 120_000 });
} catch (error) {
  console.error(error.message);
  failed = true;
} finally {
  await browser?.close();
  await server.close();
  rmSync(cacheDir, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
