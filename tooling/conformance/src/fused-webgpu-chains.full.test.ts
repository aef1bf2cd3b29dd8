import { constrain, createVocabulary, regularExpression } from '@tokenwright/grammar';
import {
  additivePenalty,
  epsilonCutoff,
  greedy,
  minP,
  repetitionPenalty,
  temperature,
  tokenBias,
  topA,
  topK,
  topNSigma,
  topP,
  typicalP,
} from '@tokenwright/samplers';
import { testChains } from './fused-webgpu-chains.ts';

/** 4,500 tokens of one letter. */
const vocabulary = createVocabulary(Array.from({ length: 4500 }, (_, id) => Uint8Array.of(97 + (id % 26))));

testChains(
  [
    [
      'a grammar, whose mask is uploaded',
      [
        constrain({ automaton: regularExpression('([a-c][n-z])*'), vocabulary }),
        temperature({ temperature: 0.8 }),
        minP({ p: 0.02 }),
      ],
      4,
    ],
    [
      'only stages that run on the device',
      [
        tokenBias({ biases: { 7: 2, 9: '-Infinity' } }),
        additivePenalty({ frequency: 0.5, presence: 0.3, countPrompt: true }),
        topNSigma({ sigmas: 3 }),
        temperature({ temperature: 1.2 }),
        topA({ ratio: 0.01 }),
        epsilonCutoff({ epsilon: 1e-4 }),
        minP({ p: 0.01 }),
      ],
      4,
    ],
    ['temperature > top-k > top-p', [temperature({ temperature: 1.5 }), topK({ k: 40 }), topP({ p: 0.9 })], 4],
    [
      'a stage on the host after the 50 largest',
      [temperature({ temperature: 0.8 }), topK({ k: 50 }), typicalP({ p: 0.9 })],
      // Ids and values of the 50, and the log-sum-exp.
      4 * (2 * 50 + 1),
    ],
    ['a penalty and greedy', [repetitionPenalty({ penalty: 1.5 }), greedy()], 4],
  ],
  true,
);
