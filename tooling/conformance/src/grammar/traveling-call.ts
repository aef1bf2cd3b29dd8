import type { GenerateOptions, LanguageModel } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { constrain } from '@tokenwright/grammar';
import { jsonVocabulary, replyGrammar } from './json-tokens.ts';

export function travelingModel(): LanguageModel {
  return toyModel({ vocabSize: jsonVocabulary().size, seed: 9, contextLength: 200 });
}

/** A call with a grammar of its own, as each process compiles one. */
export function travelingCall(): GenerateOptions {
  const vocabulary = jsonVocabulary();
  return { samplers: [constrain({ automaton: replyGrammar(), vocabulary })], eosTokenIds: [0], maxNewTokens: 80 };
}
