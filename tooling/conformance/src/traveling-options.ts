import type { GenerateOptions } from '@tokenwright/core';
import { mirostat2, repetitionPenalty } from '@tokenwright/samplers';

/** A call whose next tokens depend on every part of a state: sampler state, random numbers, history, incomplete text. */
export const travelingOptions: GenerateOptions = {
  samplers: [repetitionPenalty({ penalty: 1.1 }), mirostat2({ tau: 4 })],
  maxNewTokens: 12,
  eosTokenIds: [],
};
