import { nodeTests } from '../../vitest.shared.ts';

// Each test starts processes that load a model, up to five, on machines that may be busy with others; each has a limit of its own.
export default nodeTests({ testTimeout: 600_000 });
