import type { GenerateOptions } from '@tokenwright/core';
import { mirostat2, repetitionPenalty } from '@tokenwright/samplers';

/** A call whose next tokens depend on all that a state must carry: memory, random numbers, history, unfinished text. */
export const travellersOptions: GenerateOptions = {
  samplers: [repetitionPenalty({ penalty: 1.1 }), mirostat2({ tau: 4 })],
  maxNewTokens: 12,
  eosTokenIds: [],
};
