import {
  generateBatch,
  type LanguageModel,
  ParameterError,
  ShapeError,
  type Strategy,
  UnknownOptionError,
} from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { huggingFaceBeamSearch, huggingFaceGroupBeamSearch } from './compat/index.ts';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  draftModel,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from './index.ts';

const model = toyModel({ seed: 5 });
const notAModel = 'gpt2' as unknown as LanguageModel;

describe('a value outside its range names the parameter, what is allowed and what was given', () => {
  it.each<[string, () => unknown, { owner: string; parameter: string; received: unknown }, RegExp]>([
    [
      'no beams',
      () => beamSearch({ numBeams: 0 }),
      { owner: 'beamSearch', parameter: 'numBeams', received: 0 },
      /(at least 1|from 1 to 65536), but 0/,
    ],
    [
      'half a beam',
      () => beamSearch({ numBeams: 1.5 }),
      { owner: 'beamSearch', parameter: 'numBeams', received: 1.5 },
      /integer/,
    ],
    [
      'no numBeams',
      () => beamSearch({} as never),
      { owner: 'beamSearch', parameter: 'numBeams', received: undefined },
      /integer/,
    ],
    [
      'a length penalty that is not a number',
      () => beamSearch({ numBeams: 2, lengthPenalty: Number.NaN }),
      { owner: 'beamSearch', parameter: 'lengthPenalty', received: Number.NaN },
      /a number, but NaN/,
    ],
    [
      'early stopping as text',
      () => beamSearch({ numBeams: 2, earlyStopping: 'always' as never }),
      { owner: 'beamSearch', parameter: 'earlyStopping', received: 'always' },
      /one of true, false, 'never', but 'always'/,
    ],
    [
      'groups that do not divide the beams',
      () => groupBeamSearch({ numBeams: 4, numBeamGroups: 3, diversityPenalty: 1 }),
      { owner: 'groupBeamSearch', parameter: 'numBeamGroups', received: 3 },
      /a divisor of numBeams, which is 4, but 3/,
    ],
    [
      'the same in the compatible form',
      () => huggingFaceGroupBeamSearch({ numBeams: 4, numBeamGroups: 3, diversityPenalty: 1 }),
      { owner: 'huggingFaceGroupBeamSearch', parameter: 'numBeamGroups', received: 3 },
      /a divisor/,
    ],
    [
      'an unknown release',
      () => huggingFaceBeamSearch({ numBeams: 4, release: 3 as never }),
      { owner: 'huggingFaceBeamSearch', parameter: 'release', received: 3 },
      /one of '4.47', '5'/,
    ],
    [
      'no constraints',
      () => constrainedBeamSearch({ numBeams: 2, constraints: [] }),
      { owner: 'constrainedBeamSearch', parameter: 'constraints', received: [] },
      /non-empty list/,
    ],
    [
      'no stochastic beams',
      () => stochasticBeams({ numBeams: -1 }),
      { owner: 'stochasticBeams', parameter: 'numBeams', received: -1 },
      /(at least 1|from 1 to 65536)/,
    ],
    [
      'no candidates',
      () => bestOf({ numCandidates: 0 }),
      { owner: 'bestOf', parameter: 'numCandidates', received: 0 },
      /(at least 1|from 1 to 65536)/,
    ],
    [
      'a score that is not a function',
      () => bestOf({ numCandidates: 2, score: 'length' as never }),
      { owner: 'bestOf', parameter: 'score', received: 'length' },
      /a function, but 'length'/,
    ],
    [
      'a length penalty that a score would make useless',
      () => bestOf({ numCandidates: 2, lengthPenalty: 2, score: () => 0 }),
      { owner: 'bestOf', parameter: 'lengthPenalty', received: 2 },
      /left out when score is given/,
    ],
    [
      'a penalty above 1',
      () => contrastiveSearch({ penaltyAlpha: 1.1 }),
      { owner: 'contrastiveSearch', parameter: 'penaltyAlpha', received: 1.1 },
      /from 0 to 1, but 1.1/,
    ],
    [
      'a draft that is not a model',
      () => speculative({ draft: notAModel }),
      { owner: 'speculative', parameter: 'draft', received: 'gpt2' },
      /a language model or a drafter, but 'gpt2'/,
    ],
    [
      'a factory in place of a drafter',
      () => speculative({ draft: promptLookup as never }),
      { owner: 'speculative', parameter: 'draft', received: promptLookup },
      /a language model or a drafter, but a function/,
    ],
    [
      'a draft model that is not a model',
      () => draftModel({ model: notAModel }),
      { owner: 'draftModel', parameter: 'model', received: 'gpt2' },
      /a language model, but 'gpt2'/,
    ],
    [
      'no assistant tokens',
      () => speculative({ draft: model, numAssistantTokens: 0 }),
      { owner: 'speculative', parameter: 'numAssistantTokens', received: 0 },
      /(at least 1|from 1 to 65536)/,
    ],
    [
      'two different numbers of tokens',
      () => speculative({ draft: promptLookup({ promptLookupNumTokens: 10 }), numAssistantTokens: 5 }),
      { owner: 'speculative', parameter: 'numAssistantTokens', received: 5 },
      /left out, because the drafter 'prompt-lookup' asks for 10 tokens/,
    ],
    [
      'a confidence above 1',
      () => speculative({ draft: model, assistantConfidenceThreshold: 2 }),
      { owner: 'speculative', parameter: 'assistantConfidenceThreshold', received: 2 },
      /from 0 to 1/,
    ],
    [
      'an empty n-gram',
      () => promptLookup({ maxMatchingNgramSize: 0 }),
      { owner: 'promptLookup', parameter: 'maxMatchingNgramSize', received: 0 },
      /(at least 1|from 1 to 65536)/,
    ],
    [
      'a negative layer',
      () => earlyExit({ layer: -1 }),
      { owner: 'earlyExit', parameter: 'layer', received: -1 },
      /at least 0/,
    ],
  ])('%s', (_, make, fields, message) => {
    let error: unknown;
    try {
      make();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ParameterError);
    expect(error).toMatchObject(fields);
    expect((error as Error).message).toMatch(message);
  });
});

describe('a name that no option has is an error with the nearest valid name', () => {
  it.each<[string, (options: never) => unknown, object, string]>([
    ['num_beams', beamSearch, { num_beams: 4 }, 'numBeams'],
    ['beams', beamSearch, { numBeams: 4, beams: 4 }, 'numBeams'],
    ['length_penalty', beamSearch, { numBeams: 4, length_penalty: 2 }, 'lengthPenalty'],
    ['do_sample', beamSearch, { numBeams: 4, do_sample: true }, 'doSample'],
    ['num_beam_groups', groupBeamSearch, { numBeams: 4, num_beam_groups: 2 }, 'numBeamGroups'],
    ['diversity_penalty', groupBeamSearch, { numBeams: 4, numBeamGroups: 2, diversity_penalty: 1 }, 'diversityPenalty'],
    ['penalty_alpha', contrastiveSearch, { penalty_alpha: 0.6 }, 'penaltyAlpha'],
    ['top_k', contrastiveSearch, { top_k: 4 }, 'topK'],
    ['num_assistant_tokens', speculative, { draft: model, num_assistant_tokens: 4 }, 'numAssistantTokens'],
    ['max_matching_ngram_size', promptLookup, { max_matching_ngram_size: 2 }, 'maxMatchingNgramSize'],
    ['prompt_lookup_num_tokens', promptLookup, { prompt_lookup_num_tokens: 2 }, 'promptLookupNumTokens'],
  ])('%s', (option, factory, options, nearest) => {
    let error: unknown;
    try {
      factory(options as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UnknownOptionError);
    expect(error).toMatchObject({ option, nearest });
  });
});

describe('what only the call can show is an error of the call, which leaves the model usable', () => {
  const prompts = [[1, 2, 3]];
  const options = { maxNewTokens: 3, eosTokenIds: [], seed: 1 };

  it.each<[string, () => Strategy, number, string]>([
    ['beam search', () => beamSearch({ numBeams: 3 }), 3, 'numBeams'],
    ['beam search of Transformers', () => huggingFaceBeamSearch({ numBeams: 3 }), 3, 'numBeams'],
    ['group beam search', () => groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 }), 4, 'numBeams'],
    [
      'constrained beam search',
      () => constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [5] }] }),
      3,
      'numBeams',
    ],
    ['stochastic beams', () => stochasticBeams({ numBeams: 3 }), 3, 'numBeams'],
    ['best-of', () => bestOf({ numCandidates: 3 }), 3, 'numCandidates'],
  ])('more sequences than %s can return', async (_, open, most, option) => {
    const call = (numReturnSequences: number): ReturnType<typeof generateBatch> =>
      generateBatch(model, prompts, { ...options, strategy: open(), numReturnSequences });
    const error = await call(most + 1).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ParameterError);
    expect(error).toMatchObject({ parameter: 'numReturnSequences', received: most + 1 });
    expect((error as Error).message).toContain(`an integer from 1 to ${option}, which is ${most}, but ${most + 1}`);
    expect((await call(most)).ids).toHaveLength(most);
    expect(model.live.size).toBe(0);
  });

  it.each<[string, () => Strategy, new (...args: never[]) => Error, RegExp]>([
    [
      'a draft with another vocabulary',
      () => speculative({ draft: toyModel({ vocabSize: 9 }) }),
      ShapeError,
      /vocabulary of the draft model/,
    ],
    [
      'an early exit beyond the last layer',
      () => speculative({ draft: earlyExit({ layer: 99 }) }),
      ParameterError,
      /layer.*99/,
    ],
    [
      'a constraint outside the vocabulary',
      () => constrainedBeamSearch({ numBeams: 2, constraints: [{ phrase: [999] }] }),
      ParameterError,
      /constraints.*999/,
    ],
  ])('%s', async (_, open, kind, message) => {
    const call = generateBatch(model, prompts, { ...options, strategy: open() });
    await expect(call).rejects.toThrow(kind);
    await expect(call).rejects.toThrow(message);
    expect(model.live.size).toBe(0);
    expect((await generateBatch(model, prompts, options)).ids[0]).toHaveLength(3);
  });
});
