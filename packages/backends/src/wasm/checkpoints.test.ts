import '@tensorflow/tfjs-backend-cpu';
import { fusedWasm } from './index.ts';
import { testCheckpoints } from './testing/checkpoint-tests.ts';

testCheckpoints(() => fusedWasm({ threads: 1 }).start());
