import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { shared } from '../../vitest.shared.ts';
import { catalog } from './scripts/catalog-plugin.ts';

/** With these headers a page is cross-origin isolated, so that memory can be shared and the wasm engines use several threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Compiles the fused engine's module, so that a fresh clone needs no other build first. */
const kernels: Plugin = {
  name: 'kernels',
  buildStart() {
    execFileSync(process.execPath, [here('../../packages/backends/scripts/build-kernels.mjs')], { stdio: 'inherit' });
  },
};

export default defineConfig({
  // The site works from any folder of any file server.
  base: './',
  plugins: [kernels, catalog],
  resolve: {
    ...shared.resolve,
    dedupe: ['@tensorflow/tfjs-core'],
    alias: {
      // Both are reached through engines that the page does not offer.
      webgpu: here('src/absent.ts'),
      '@tensorflow/tfjs-backend-webgl': here('src/absent.ts'),
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['@tokenwright/demo-model'] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1500, assetsInlineLimit: 0 },
  server: { headers },
  preview: { headers },
});
