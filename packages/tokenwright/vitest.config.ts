import { nodeTests } from '../../vitest.shared.ts';

// Most tests run the fused engine, from source.
export default nodeTests({ globalSetup: ['../backends/scripts/build-kernels.mjs'] });
