import { nodeTests } from '../../vitest.shared.ts';

// Each test starts a process that loads a model, on machines that may be busy with others.
export default nodeTests({ testTimeout: 120_000 });
