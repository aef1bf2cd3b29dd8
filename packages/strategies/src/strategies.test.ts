import {
  type GenerateOptions,
  generate,
  generateBatch,
  type Sampler,
  type StepEvent,
  type Strategy,
  sampling,
} from '@tokenwright/core';
import {
  beamSamplingDistribution,
  bestOfDistribution,
  chiSquareTest,
  ending,
  exactDistribution,
  strategyCases,
  toyModel,
  withoutReplacement,
} from '@tokenwright/core/testing';
import { greedy, mirostat2, repetitionPenalty, temperature, topP, xtc } from '@tokenwright/samplers';
import { describe, expect, it } from 'vitest';
import { beamSearch } from './beams/beam-search.ts';
import { constrainedBeamSearch } from './beams/constrained-beam-search.ts';
import { groupBeamSearch } from './beams/group-beam-search.ts';
import { stochasticBeams } from './beams/stochastic-beams.ts';
import { bestOf } from './reranking/best-of.ts';
import { contrastiveSearch } from './reranking/contrastive-search.ts';
import { earlyExit } from './speculation/early-exit.ts';
import { promptLookup } from './speculation/prompt-lookup.ts';
import { speculative } from './speculation/speculative.ts';

const draft = toyModel({
  vocabSize: 8,
  seed: 9,
  like: { model: toyModel({ vocabSize: 8, seed: 5 }), share: 1 },
  spread: 1,
});

describe.each<[string, () => Strategy, Parameters<typeof strategyCases>[1]]>([
  ['sampling', () => sampling(), {}],
  ['beam search', () => beamSearch({ numBeams: 3 }), { random: false, sequences: 3 }],
  [
    'beam search as in transformers 4.47',
    () => beamSearch({ numBeams: 3, compatibility: 'transformers-4.47' }),
    { random: false },
  ],
  ['beam sampling', () => beamSearch({ numBeams: 3, sample: true }), { random: false, sequences: 3 }],
  [
    'group beam search',
    () => groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 }),
    { random: false, sequences: 4 },
  ],
  [
    'constrained beam search',
    () => constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [5, 4] }] }),
    { random: false, sequences: 3 },
  ],
  ['contrastive search', () => contrastiveSearch({ topK: 3 }), { random: false, slides: false }],
  ['speculative, rejection', () => speculative({ draft, length: 3 }), { models: [draft] }],
  [
    'speculative, match',
    () => speculative({ draft, length: 3, accept: 'match', schedule: 'heuristic', confidence: 0.2 }),
    { models: [draft] },
  ],
  ['speculative, prompt lookup', () => speculative({ draft: promptLookup() }), {}],
  ['speculative, early exit', () => speculative({ draft: earlyExit({ layer: 1 }) }), {}],
  ['best of 4', () => bestOf({ numCandidates: 4 }), { sequences: 4 }],
  ['stochastic beams', () => stochasticBeams({ numBeams: 3 }), { sequences: 3 }],
])('%s', (_, open, options) => {
  for (const { name, run } of strategyCases(open, options)) it(name, run);
});

const model = toyModel({ vocabSize: 8, seed: 5 });
const prompts = [[1, 2, 3], [4, 0, 2, 1, 5, 3, 3], [2]];
const drafters = {
  'a model like it': draft,
  'a model unlike it': toyModel({ vocabSize: 8, seed: 77 }),
  itself: model,
  'a model with a short context': toyModel({ vocabSize: 8, seed: 9, contextLength: 4 }),
  'prompt lookup': promptLookup({ ngram: 3 }),
  'an early exit': earlyExit({ layer: 1 }),
};

async function idsOf(options: GenerateOptions): Promise<readonly (readonly number[])[]> {
  return (await generateBatch(model, prompts, { maxNewTokens: 12, seed: 3, eosTokenIds: [6], ...options })).ids;
}

describe('laws', () => {
  it('one beam is greedy decoding', async () => {
    const expected = await idsOf({ samplers: [greedy()] });
    for (const compatibility of ['transformers-5', 'transformers-4.47'] as const)
      expect(await idsOf({ strategy: beamSearch({ numBeams: 1, compatibility }) })).toEqual(expected);
    expect(await idsOf({ strategy: groupBeamSearch({ numBeams: 1, numBeamGroups: 1, diversityPenalty: 3 }) })).toEqual(
      expected,
    );
  });

  it('one beam with samplers is greedy decoding with them', async () => {
    const samplers = [repetitionPenalty({ penalty: 1.5 }), temperature({ temperature: 0.5 })];
    const expected = await idsOf({ samplers: [...samplers, greedy()] });
    expect(await idsOf({ samplers, strategy: beamSearch({ numBeams: 1 }) })).toEqual(expected);
    expect(await idsOf({ samplers, strategy: contrastiveSearch({ penaltyAlpha: 0 }) })).toEqual(expected);
    expect(await idsOf({ samplers, strategy: contrastiveSearch({ topK: 1, penaltyAlpha: 0.9 }) })).toEqual(expected);
  });

  it.each(['transformers-4.47', 'transformers-5'] as const)(
    'one group is plain beam search, as in %s',
    async (compatibility) => {
      const plain = beamSearch({ numBeams: 4, compatibility });
      const grouped = groupBeamSearch({ numBeams: 4, numBeamGroups: 1, diversityPenalty: 9, compatibility });
      expect(await idsOf({ strategy: grouped, numReturnSequences: 4 })).toEqual(
        await idsOf({ strategy: plain, numReturnSequences: 4 }),
      );
    },
  );

  it('every end token ends a constrained or grouped search, and stays as it was found', async () => {
    const found = new Set<number>();
    for (const strategy of [
      groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 }),
      constrainedBeamSearch({ numBeams: 4, constraints: [{ phrase: [5] }] }),
    ])
      for (const { ids, stopReason } of (
        await generate(model, prompts, {
          strategy,
          eosTokenIds: [6, 3, 1],
          maxNewTokens: 12,
          numReturnSequences: 4,
        })
      ).sequences)
        if (typeof stopReason === 'number') found.add(ids.at(-1)!);
    expect(found.size).toBeGreaterThan(1);
  });

  it('a constrained search knows the vocabulary, and returns something when everything ends at once', async () => {
    const constraints = [{ phrase: [999] }];
    await expect(idsOf({ strategy: constrainedBeamSearch({ numBeams: 2, constraints }) })).rejects.toThrow(
      /constraints/,
    );
    const strategy = constrainedBeamSearch({ numBeams: 2, constraints: [{ phrase: [5, 4] }] });
    const { sequences } = await generate(model, prompts, { strategy, stopWhen: () => true, maxNewTokens: 6 });
    expect(sequences.map((end) => [end.ids.length, ending(end)])).toEqual(prompts.map(() => [1, 'stop: condition']));
  });

  it.each(Object.entries(drafters))('speculative greedy is greedy, drafted by %s', async (_, drafter) => {
    const samplers = [repetitionPenalty({ penalty: 1.5 }), greedy()];
    const expected = await idsOf({ samplers });
    for (const accept of ['rejection', 'match'] as const)
      for (const length of [1, 4])
        expect(await idsOf({ samplers, strategy: speculative({ draft: drafter, length, accept }) })).toEqual(expected);
  });

  it.each(Object.entries(drafters))(
    'draw and match gives the tokens of plain sampling, drafted by %s',
    async (_, drafter) => {
      const chains = [
        [],
        [mirostat2({ tau: 2, eta: 0.3 })],
        [repetitionPenalty({ penalty: 1.3 }), xtc({ probability: 0.5, threshold: 0.1 }), topP({ p: 0.9 })],
      ];
      for (const samplers of chains)
        for (const onContextFull of ['stop', 'slide'] as const) {
          const options: GenerateOptions = {
            samplers,
            onContextFull,
            numReturnSequences: 2,
            maxNewTokens: 90,
            minNewTokens: 20,
          };
          expect(
            await idsOf({
              ...options,
              strategy: speculative({ draft: drafter, accept: 'match', schedule: 'heuristic' }),
            }),
          ).toEqual(await idsOf(options));
        }
    },
  );

  it('a model that drafts for itself is always accepted', async () => {
    for (const accept of ['rejection', 'match'] as const) {
      const { sequences } = await generateBatch(model, prompts, {
        maxNewTokens: 12,
        seed: 3,
        strategy: speculative({ draft: model, accept }),
      });
      for (const { usage } of sequences) expect(usage.acceptedTokens).toBe(usage.draftedTokens);
    }
  });

  it('a wide beam finds the most probable continuations, with their log-probabilities', async () => {
    const small = toyModel({ vocabSize: 4, seed: 8 });
    const exact = await exactDistribution(small, [1], { maxNewTokens: 4, eosTokenIds: [3] });
    const best = [...exact].sort(([, a], [, b]) => b - a).slice(0, 5);
    const strategy = beamSearch({ numBeams: 64, lengthPenalty: 0, earlyStopping: 'never' });
    const { sequences } = await generateBatch(small, [[1]], {
      strategy,
      numReturnSequences: 5,
      maxNewTokens: 4,
      eosTokenIds: [3],
    });
    expect(sequences.map(({ ids }) => ids.join(' '))).toEqual(best.map(([key]) => key));
    for (const [i, { score }] of sequences.entries()) expect(score).toBeCloseTo(Math.log(best[i]![1]), 5);
  });

  it('a constrained search finds a sequence with the phrases', async () => {
    const constraints = [
      { phrase: [5, 5, 0] },
      {
        anyOf: [
          [7, 1],
          [0, 7, 7],
        ],
      },
    ];
    const ids = await idsOf({ strategy: constrainedBeamSearch({ numBeams: 6, constraints }), maxNewTokens: 14 });
    for (const tokens of ids) {
      expect(` ${tokens.join(' ')} `).toContain(' 5 5 0 ');
      expect(` ${tokens.join(' ')} `).toMatch(/ 7 1 | 0 7 7 /);
    }
  });

  it('tells which hypotheses lived, finished and died', async () => {
    const steps: StepEvent[] = [];
    for await (const event of generate(model, [1, 2, 3], {
      strategy: beamSearch({ numBeams: 3 }),
      steps: true,
      maxNewTokens: 5,
      eosTokenIds: [6],
    }))
      if (event.type === 'step') steps.push(event);
    type Detail = {
      live: { ids: number[]; parent: number }[];
      finished: { ids: number[] }[];
      died: { ids: number[] }[];
    };
    const details = steps.map(({ detail }) => detail as unknown as Detail);
    for (const [i, { live, died }] of details.entries()) {
      const before = i === 0 ? [[]] : details[i - 1]!.live.map(({ ids }) => ids);
      for (const { ids, parent } of live) expect(ids.slice(0, -1)).toEqual(before[parent]);
      for (const { ids } of died) expect(before).toContainEqual(ids);
    }
  });

  it('reports per-token log-probabilities that add up to the score', async () => {
    const told = new Map<number, number>();
    for await (const event of generate(model, [1, 2, 3], {
      strategy: beamSearch({ numBeams: 3, lengthPenalty: 0 }),
      numReturnSequences: 3,
      logprobs: true,
      maxNewTokens: 5,
      eosTokenIds: [6],
    }))
      if (event.type === 'token') told.set(event.sequence, (told.get(event.sequence) ?? 0) + event.logprob!);
      else if (event.type === 'end') expect(told.get(event.sequence)).toBeCloseTo(event.score!, 5);
    expect(told.size).toBe(3);
  });
});

describe('the distribution of what is drawn', () => {
  const small = toyModel({ vocabSize: 4, seed: 8, spread: 1 });
  const other = toyModel({ vocabSize: 4, seed: 31, spread: 1 });
  const common = { maxNewTokens: 3, eosTokenIds: [3] };
  const chain = [repetitionPenalty({ penalty: 1.4 }), topP({ p: 0.95 })];

  async function draws(
    strategy: Strategy,
    count: number,
    samplers: readonly Sampler[] = chain,
    sequences = 1,
  ): Promise<(readonly number[])[][]> {
    const result: (readonly number[])[][] = [];
    for (let seed = 0; seed < count; seed++) {
      const { ids } = await generateBatch(small, [[1, 2]], {
        ...common,
        strategy,
        samplers,
        seed,
        numReturnSequences: sequences,
      });
      result.push([...ids]);
    }
    return result;
  }

  it.each<[string, Strategy]>([
    ['plain sampling', sampling()],
    ['speculative, rejection', speculative({ draft: other, length: 2 })],
    [
      'speculative, rejection, uneven drafts',
      speculative({ draft: other, length: 3, confidence: 0.35, schedule: 'heuristic' }),
    ],
    ['speculative, match', speculative({ draft: other, length: 2, accept: 'match' })],
    ['speculative, prompt lookup', speculative({ draft: promptLookup() })],
    ['speculative, early exit', speculative({ draft: earlyExit({ layer: 1 }) })],
  ])('%s: that of the model after the chain', async (_, strategy) => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const { p } = chiSquareTest((await draws(strategy, 4000)).flat(), exact);
    expect(p).toBeGreaterThan(0.001);
  });

  it('the test would notice a wrong distribution', async () => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const warmer = [temperature({ temperature: 1.2 }), ...chain];
    expect(chiSquareTest((await draws(sampling(), 4000, warmer)).flat(), exact).p).toBeLessThan(0.001);
  });

  it('best of n: that of the best of n independent draws', async () => {
    const raw = await exactDistribution(small, [1, 2], common);
    const mean = (ids: readonly number[]): number => Math.log(raw.get(ids.join(' '))!) / ids.length;
    const best = bestOfDistribution(await exactDistribution(small, [1, 2], { ...common, samplers: chain }), mean, 3);
    expect(chiSquareTest((await draws(bestOf({ numCandidates: 3 }), 3000)).flat(), best).p).toBeGreaterThan(0.001);
  });

  it('beam sampling: that of the best line of what is drawn in each step', async () => {
    const exact = await beamSamplingDistribution(small, [1, 2], { beams: 2, maxNewTokens: 3, samplers: chain });
    const total = [...exact.values()].reduce((sum, p) => sum + p, 0);
    expect(total).toBeCloseTo(1, 9);
    const found: (readonly number[])[] = [];
    for (let seed = 0; seed < 1500; seed++) {
      const strategy = beamSearch({ numBeams: 2, sample: true });
      const options = { maxNewTokens: 3, eosTokenIds: [], strategy, samplers: chain, seed };
      found.push(...(await generateBatch(small, [[1, 2]], options)).ids);
    }
    expect(new Set(found.map(String)).size).toBeGreaterThan(2);
    expect(chiSquareTest(found, exact).p).toBeGreaterThan(0.001);
  });

  it('stochastic beams: draws without replacement, in order', async () => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const pairs = await draws(stochasticBeams({ numBeams: 3 }), 4000, chain, 2);
    expect(
      chiSquareTest(
        pairs.map(([first]) => first!),
        exact,
      ).p,
    ).toBeGreaterThan(0.001);
    const second = withoutReplacement(exact, 1);
    expect(
      chiSquareTest(
        pairs.map(([, next]) => next!),
        second,
      ).p,
    ).toBeGreaterThan(0.001);
  });

  it('beam sampling: seeds matter', async () => {
    const flat = [temperature({ temperature: 3 })];
    const found = new Set(
      (await draws(beamSearch({ numBeams: 2, sample: true }), 20, flat)).map((ids) => ids.join(' ')),
    );
    expect(found.size).toBeGreaterThan(3);
  });
});
