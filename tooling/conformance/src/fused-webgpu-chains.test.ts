import { minP, repetitionPenalty, temperature, topK } from '@tokenwright/samplers';
import { testChains } from './fused-webgpu-chains.ts';

testChains(
  [
    [
      'temperature > repetition penalty > top-k > min-p > draw',
      [temperature({ temperature: 0.8 }), repetitionPenalty({ penalty: 1.3 }), topK({ k: 50 }), minP({ p: 0.02 })],
      4,
    ],
  ],
  false,
);
