import { generateBatch, ParameterError, type Strategy } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import {
  fromGenerationConfig,
  greedy,
  huggingFace,
  llamaCpp,
  temperature,
  vllm,
  xTransformers,
} from '@tokenwright/samplers';
import { describe, expect, it } from 'vitest';
import { huggingFaceBeamSearch, huggingFaceGroupBeamSearch } from './compat/index.ts';
import { beamSearch, bestOf, contrastiveSearch, groupBeamSearch, stochasticBeams } from './index.ts';

const model = toyModel({ vocabSize: 12 });
const options = { maxNewTokens: 6, eosTokenIds: [], numReturnSequences: 3, seed: 1 };

const ranking: readonly Strategy[] = [
  beamSearch({ numBeams: 3 }),
  groupBeamSearch({ numBeams: 3, numBeamGroups: 3, diversityPenalty: 1 }),
  huggingFaceBeamSearch({ numBeams: 3 }),
  huggingFaceGroupBeamSearch({ numBeams: 3, numBeamGroups: 3, diversityPenalty: 1 }),
];
const sampling: readonly Strategy[] = [
  stochasticBeams({ numBeams: 3 }),
  bestOf({ numCandidates: 3 }),
  huggingFaceBeamSearch({ numBeams: 3, doSample: true }),
];
const greedyPresets = [
  huggingFace({ doSample: false }),
  vllm({ temperature: 0 }),
  xTransformers({ temperature: 0 }),
  llamaCpp({ temperature: 0, topK: 0, topP: 1, minP: 0 }),
  fromGenerationConfig({ do_sample: false, num_beams: 3 }).samplers,
];

describe('a preset that takes the most probable token', () => {
  it.each(ranking)('leaves the choice to $name', async (strategy) => {
    const { sequences: expected } = await generateBatch(model, [[1, 2]], { ...options, samplers: [], strategy });
    expect(new Set(expected.map(({ ids }) => ids.join())).size).toBe(3);
    for (const samplers of greedyPresets) {
      const { sequences } = await generateBatch(model, [[1, 2]], { ...options, samplers, strategy });
      expect(sequences.map(({ ids, score }) => [ids, score])).toEqual(expected.map(({ ids, score }) => [ids, score]));
    }
  });

  it.each(sampling)('is refused by $name, which samples', (strategy) => {
    for (const samplers of greedyPresets)
      expect(() => generateBatch(model, [[1, 2]], { ...options, samplers, strategy })).toThrow(ParameterError);
  });

  it('gives one sequence without a strategy', () => {
    for (const samplers of greedyPresets)
      expect(() => generateBatch(model, [[1, 2]], { ...options, samplers })).toThrow(
        /numReturnSequences must be 1 for greedy decoding/,
      );
  });
});

it.each([...ranking, ...sampling, contrastiveSearch({ penaltyAlpha: 0.6, topK: 4 })])(
  '$name refuses a chain in which the caller takes the most probable token',
  (strategy) => {
    const numReturnSequences = strategy.name === 'contrastive-search' ? 1 : 3;
    for (const choice of [greedy(), temperature({ temperature: 0 })])
      expect(() =>
        generateBatch(model, [[1, 2]], { ...options, numReturnSequences, samplers: [choice], strategy }),
      ).toThrow(`samplers must be a chain without '${choice.name}' for the strategy '${strategy.name}'`);
  },
);
