import {
  additivePenalty,
  epsilon,
  greedy,
  minP,
  repetitionPenalty,
  temperature,
  tokenBias,
  topA,
  topNSigma,
} from '@tokenwright/samplers';
import { testChains } from './fused-webgpu-chains.ts';

testChains([
  [
    'stages that all run on the device',
    [
      tokenBias({ biases: { 7: 2, 9: '-Infinity' } }),
      additivePenalty({ frequency: 0.5, presence: 0.3, countPrompt: true }),
      topNSigma({ n: 3 }),
      temperature({ t: 1.2 }),
      topA({ ratio: 0.01 }),
      epsilon({ epsilon: 1e-4 }),
      minP({ p: 0.01 }),
    ],
    4,
  ],
  ['a penalty and greedy', [repetitionPenalty({ penalty: 1.5 }), greedy()], 4],
]);
