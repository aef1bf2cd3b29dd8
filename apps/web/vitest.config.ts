import { defineConfig } from 'vitest/config';
import { nodeProject } from '../../vitest.shared.ts';
import { catalog } from './scripts/catalog-plugin.ts';

// The tests of the page drive a browser over a site that is built once. Some run the fused engine in Node, from source.
export default defineConfig(({ mode }) => ({
  ...nodeProject(mode, {
    globalSetup: ['../../packages/backends/scripts/build-kernels.mjs', './src/testing/build-site.ts'],
  }),
  plugins: [catalog],
}));
