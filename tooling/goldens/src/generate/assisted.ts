import type { Strategy } from '@tokenwright/core';
import { compareIds } from '../shared/compare.ts';
import { find, strategy } from '../shared/factory.ts';
import { Params } from '../shared/params.ts';
import { checkFields } from '../shared/suite.ts';
import type { GenerateCase } from './decoding/case.ts';
import { argumentsOf, compareSequences, compareSteps, decode, decodingFields } from './decoding/decode.ts';
import type { Models } from './decoding/models.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `assisted`: greedy decoding with drafts of a smaller model or of the text itself, which must not change the result. */
export const runAssisted: RunKind = async (golden, models) => {
  checkFields(golden, [...decodingFields, 'equals_greedy', 'assistant', 'assistant_generation_config']);
  using place = await conditioned(golden, models);
  const params = new Params(argumentsOf(golden, place));
  const decoded = await decode(golden, place, params, { strategy: await speculation(golden, models, params) });
  const differences = [...compareSequences(decoded, golden.sequences!), ...compareSteps(golden, decoded)];
  if (golden.equals_greedy !== true) return differences;
  const plain = new Params(argumentsOf(golden, place)).without(guessing);
  const { ids } = await decode(golden, place, plain);
  return [...differences, ...decoded.ids.flatMap((row, i) => compareIds(`row ${i}, greedy`, ids[i]!, row))];
};

const guessing: Readonly<Record<string, string>> = {
  prompt_lookup_num_tokens: 'plain greedy decoding guesses nothing',
  max_matching_ngram_size: 'plain greedy decoding guesses nothing',
};

async function speculation(golden: GenerateCase, models: Models, params: Params): Promise<Strategy> {
  if (golden.assistant === undefined) {
    const draft = find(
      'drafter',
      'promptLookup',
    )({
      promptLookupNumTokens: params.required('prompt_lookup_num_tokens'),
      maxMatchingNgramSize: params.required('max_matching_ngram_size'),
    });
    return strategy('speculative', { draft });
  }
  const assistant = new Params(golden.assistant_generation_config as Record<string, unknown>);
  const numAssistantTokens = assistant.required('num_assistant_tokens');
  const numAssistantTokensSchedule = assistant.read('num_assistant_tokens_schedule');
  assistant.finish();
  const draft = await models.beside(golden.assistant as string);
  return strategy('speculative', { draft, numAssistantTokens, numAssistantTokensSchedule });
}
