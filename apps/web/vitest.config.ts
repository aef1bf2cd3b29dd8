import { nodeTests } from '../../vitest.shared.ts';

// The tests of the page drive a browser over a site that is built once. Some run the fused engine in Node, from source.
export default nodeTests({
  globalSetup: ['../../packages/backends/scripts/build-kernels.mjs', './src/testing/build-site.ts'],
});
