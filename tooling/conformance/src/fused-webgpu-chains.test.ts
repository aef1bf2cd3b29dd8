import { constrain, createVocabulary, regularExpression } from '@tokenwright/grammar';
import { minP, repetitionPenalty, temperature, topK } from '@tokenwright/samplers';
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
      'temperature > repetition penalty > top-k > min-p > draw',
      [temperature({ temperature: 0.8 }), repetitionPenalty({ penalty: 1.3 }), topK({ k: 50 }), minP({ p: 0.02 })],
      4,
    ],
  ],
  false,
);
