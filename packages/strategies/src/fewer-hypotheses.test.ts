import { generate, generateBatch, type Sampler, type StreamEvent } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { allowedTokens } from '@tokenwright/samplers';
import { expect, it } from 'vitest';
import { huggingFaceBeamSearch } from './compat/index.ts';
import { beamSearch, bestOf, groupBeamSearch, stochasticBeams } from './index.ts';

const model = toyModel({ vocabSize: 12 });
const options = { maxNewTokens: 3, eosTokenIds: [], numReturnSequences: 4, seed: 2 };
const only = (...tokens: number[]) => [allowedTokens({ tokens })];

it.each([
  ['one text', only(7), 1],
  // The third token is free: three texts.
  ['three texts', [lastOf(5, 6, 7)], 3],
] as const)('a search returns the hypotheses that exist: %s', async (_, samplers, count) => {
  for (const strategy of [
    beamSearch({ numBeams: 4 }),
    huggingFaceBeamSearch({ numBeams: 4 }),
    stochasticBeams({ numBeams: 4 }),
  ]) {
    const { sequences } = await generateBatch(model, [[1], [2, 3]], { ...options, strategy, samplers });
    expect(sequences.map(({ promptIndex, sequence }) => [promptIndex, sequence])).toEqual(
      [0, 1].flatMap((prompt) => Array.from({ length: count }, (_, sequence) => [prompt, sequence])),
    );
    for (const prompt of [0, 1]) {
      const texts = sequences.filter(({ promptIndex }) => promptIndex === prompt).map(({ ids }) => ids.join());
      expect(new Set(texts).size).toBe(count);
    }
    for (const { ids, score, finishReason } of sequences) {
      expect(ids).toHaveLength(3);
      expect(score).toEqual(expect.any(Number));
      expect(finishReason).toBe('length');
    }
  }
});

it('each group of a group beam search has its own hypothesis', async () => {
  const strategy = groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 });
  const { sequences } = await generateBatch(model, [[1]], { ...options, strategy, samplers: only(7) });
  expect(sequences.map(({ ids }) => ids)).toEqual([
    [7, 7, 7],
    [7, 7, 7],
  ]);
});

it('best-of returns all of its samples, equal or not', async () => {
  const strategy = bestOf({ numCandidates: 4 });
  const { sequences } = await generateBatch(model, [[1]], { ...options, strategy, samplers: only(7) });
  expect(sequences.map(({ ids }) => ids)).toEqual(Array(4).fill([7, 7, 7]));
});

it('the events of the call name no other sequence', async () => {
  const events: StreamEvent[] = [];
  for await (const event of generate(model, [1], {
    ...options,
    strategy: beamSearch({ numBeams: 4 }),
    samplers: only(7),
  }))
    events.push(event);
  expect(events.map((event) => [event.type, 'sequence' in event ? event.sequence : undefined])).toEqual([
    ['token', 0],
    ['token', 0],
    ['token', 0],
    ['end', 0],
  ]);
});

/** Token 1 twice, then one of the given tokens. */
function lastOf(...tokens: number[]): Sampler {
  return {
    name: 'last-of',
    onHost(logits, { position, promptLength }) {
      const allowed = position === promptLength + 2 ? tokens : [1];
      for (let id = 0; id < logits.length; id++) if (!allowed.includes(id)) logits[id] = -Infinity;
    },
  };
}
