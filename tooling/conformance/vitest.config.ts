import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { nodeProject, shared } from '../../vitest.shared.ts';
import { isCi } from './src/ci.ts';

const chromium = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
const require = createRequire(import.meta.url);

/** A page with the headers that shared memory requires, in an installed Chromium. Nothing is downloaded. */
const browser: TestProjectConfiguration = {
  ...shared,
  // Optimize these in advance: discovering them later would reload the page during a run.
  optimizeDeps: {
    include: [
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgl',
      '@tensorflow/tfjs-backend-webgpu',
    ],
  },
  server: {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
    fs: { allow: ['../..', dirname(require.resolve('vitest/package.json'))] },
  },
  test: {
    name: 'browser',
    include: ['src/**/*.browser.test.ts'],
    // Software drivers compile for long when the machine is busy.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    env: { PAGE: 'isolated' },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: 'chromium' }],
      provider: playwright({
        launchOptions: {
          executablePath: chromium,
          args: [
            '--no-sandbox',
            '--enable-unsafe-webgpu',
            '--use-webgpu-adapter=swiftshader',
            '--enable-features=Vulkan',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
    },
  },
};

/** The same without those headers, as on most pages: for tests that do not need shared memory or check the error without it. */
const plainPage: TestProjectConfiguration = {
  ...browser,
  server: { ...browser.server, headers: {} },
  test: {
    ...browser.test,
    name: 'plain page',
    env: { PAGE: 'plain' },
    include: ['src/fused-wasm.browser.test.ts'],
    browser: { ...browser.test!.browser!, instances: [{ browser: 'chromium', name: 'plain page (chromium)' }] },
  },
};

/** With those headers and a policy that forbids the workers of threads. */
const strictPage: TestProjectConfiguration = {
  ...browser,
  server: {
    ...browser.server,
    headers: { ...browser.server!.headers, 'Content-Security-Policy': "worker-src 'self'" },
  },
  test: {
    ...browser.test,
    name: 'strict page',
    env: { PAGE: 'strict' },
    include: ['src/fused-wasm.browser.test.ts'],
    browser: { ...browser.test!.browser!, instances: [{ browser: 'chromium', name: 'strict page (chromium)' }] },
  },
};

function browserProjects(): TestProjectConfiguration[] {
  if (existsSync(chromium)) return [browser, plainPage, strictPage];
  const line = `no Chromium at ${chromium}: install one, or set CHROMIUM_PATH`;
  if (isCi) throw new Error(`The browser tests cannot run, ${line}.`);
  // Vitest reads this file twice.
  const told = globalThis as { toldNoChromium?: boolean };
  if (!told.toldNoChromium) process.stderr.write(`\n*** SKIPPED: every browser test, ${line}.\n\n`);
  told.toldNoChromium = true;
  return [];
}

export default defineConfig(({ mode }) => {
  const node = nodeProject(mode, { name: 'node' });
  return { test: { passWithNoTests: true, projects: [node, ...browserProjects()] } };
});
