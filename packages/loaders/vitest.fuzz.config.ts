import { nodeTests } from '../../vitest.shared.ts';

/** Many times more cases than an ordinary run. */
export default nodeTests({ include: ['src/**/*.fuzz.test.ts'], env: { FUZZ_RUNS: '100000' } });
