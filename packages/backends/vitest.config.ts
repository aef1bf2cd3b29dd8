import { nodeTests } from '../../vitest.shared.ts';

export default nodeTests({ globalSetup: ['./scripts/build-kernels.mjs'] });
