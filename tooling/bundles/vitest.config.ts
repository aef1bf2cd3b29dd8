import { nodeTests } from '../../vitest.shared.ts';

// Bundling and installing take a while; tests of a file share their projects.
export default nodeTests({
  globalSetup: ['../../packages/backends/scripts/build-kernels.mjs'],
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 600_000,
});
