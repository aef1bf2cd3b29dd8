import {
  type GenerateOptions,
  generateBatch,
  ParameterError,
  type Strategy,
  sampling,
  UnknownOptionError,
  UnsupportedError,
} from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { compatRegistry, huggingFaceGroupBeamSearch } from '../compat/index.ts';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  type Drafter,
  draftModel,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
  strategyFromJson,
  strategyRegistry,
  strategyToJson,
} from '../index.ts';

const model = toyModel({ seed: 5 });
const options: GenerateOptions = { seed: 3, maxNewTokens: 8, eosTokenIds: [6], numReturnSequences: 1 };
const all = { strategies: { ...strategyRegistry, ...compatRegistry } };

describe('a strategy of plain data survives JSON', () => {
  it.each<[string, Strategy]>([
    ['beam search', beamSearch({ numBeams: 3, lengthPenalty: 0.7, earlyStopping: 'never' })],
    ['beam sampling', beamSearch({ numBeams: 3, doSample: true })],
    ['group beam search', groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1.5 })],
    ['constrained beam search', constrainedBeamSearch({ numBeams: 3, constraints: [{ anyOf: [[5], [4, 3]] }] })],
    ['stochastic beams', stochasticBeams({ numBeams: 3 })],
    ['best-of', bestOf({ numCandidates: 3, lengthPenalty: 0 })],
    ['contrastive search', contrastiveSearch({ penaltyAlpha: 0.3 })],
    ['prompt lookup', speculative({ draft: promptLookup({ promptLookupNumTokens: 3 }) })],
    ['early exit', speculative({ draft: earlyExit({ layer: 1 }), accept: 'match', numAssistantTokens: 2 })],
    [
      'group beam search of Transformers',
      huggingFaceGroupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1, padTokenId: 0 }),
    ],
  ])('%s', async (_, strategy) => {
    const restored = strategyFromJson(JSON.parse(JSON.stringify(strategyToJson(strategy, all))), all);
    expect([restored.name, restored.parameters]).toEqual([strategy.name, strategy.parameters]);
    const prompts = [
      [1, 2, 3],
      [4, 0, 2],
    ];
    expect((await generateBatch(model, prompts, { ...options, strategy: restored })).ids).toEqual(
      (await generateBatch(model, prompts, { ...options, strategy })).ids,
    );
  });
});

describe('a strategy that needs code is refused', () => {
  const own: Drafter = {
    name: 'own',
    open: () => ({ propose: async (rows) => rows.map(() => []), gather() {}, dispose() {} }),
  };

  it.each<[string, Strategy, RegExp]>([
    ['a draft model', speculative({ draft: model }), /'draft' needs code/],
    ['a named draft model', speculative({ draft: draftModel({ model }) }), /'draft' needs code/],
    ['a drafter that is not registered', speculative({ draft: own }), /'draft' needs code/],
    ['a score function', bestOf({ numCandidates: 2, score: () => 0 }), /'score' needs code/],
    ['a strategy that is not registered', sampling(), /'sampling'.*not registered/],
  ])('%s', (_, strategy, message) => {
    expect(() => strategyToJson(strategy)).toThrow(UnsupportedError);
    expect(() => strategyToJson(strategy)).toThrow(message);
  });
});

describe('data that no strategy wrote is refused', () => {
  it.each<[unknown, new (...args: never[]) => Error, RegExp]>([
    [undefined, ParameterError, /strategyFromJson: json/],
    [{ strategy: 5 }, ParameterError, /strategyFromJson: json/],
    [{ strategy: 'beam_search' }, UnknownOptionError, /Did you mean 'beam-search'/],
    [{ strategy: 'beam-search', options: {} }, UnknownOptionError, /'options'/],
    [{ strategy: 'beam-search', parameters: [] }, ParameterError, /parameters/],
    [{ strategy: 'beam-search', parameters: { num_beams: 4 } }, UnknownOptionError, /Did you mean 'numBeams'/],
    [{ strategy: 'beam-search', parameters: { numBeams: 0 } }, ParameterError, /numBeams/],
    [{ strategy: 'speculative', parameters: { draft: 'gpt2' } }, UnsupportedError, /draft.*needs code/],
    [{ strategy: 'speculative', parameters: { draft: { name: 'lookup' } } }, UnknownOptionError, /'lookup'/],
    [
      { strategy: 'speculative', parameters: { draft: { name: 'draft-model' } } },
      UnsupportedError,
      /'model' needs code/,
    ],
    [
      { strategy: 'speculative', parameters: { draft: { name: 'early-exit', parameters: {} } } },
      ParameterError,
      /layer/,
    ],
    [{ strategy: 'best-of', parameters: { numCandidates: 2, score: 'function' } }, UnsupportedError, /score/],
  ])('%j', (json, kind, message) => {
    expect(() => strategyFromJson(json)).toThrow(kind);
    expect(() => strategyFromJson(json)).toThrow(message);
  });
});
