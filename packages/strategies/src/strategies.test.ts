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
import { huggingFaceBeamSearch, huggingFaceConstrainedBeamSearch, huggingFaceGroupBeamSearch } from './compat/index.ts';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from './index.ts';

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
    'beam search of Transformers 4.47',
    () => huggingFaceBeamSearch({ numBeams: 3, release: '4.47' }),
    { random: false },
  ],
  [
    'group beam search of Transformers',
    () => huggingFaceGroupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1, padTokenId: 0 }),
    { random: false, sequences: 4 },
  ],
  [
    'constrained beam search of Transformers',
    () => huggingFaceConstrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [5, 4] }] }),
    { random: false },
  ],
  ['beam sampling', () => beamSearch({ numBeams: 3, doSample: true }), { random: false, sequences: 3 }],
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
  ['speculative, rejection', () => speculative({ draft, numAssistantTokens: 3 }), { models: [draft] }],
  [
    'speculative, match',
    () =>
      speculative({
        draft,
        numAssistantTokens: 3,
        accept: 'match',
        numAssistantTokensSchedule: 'heuristic',
        assistantConfidenceThreshold: 0.2,
      }),
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
  'prompt lookup': promptLookup({ maxMatchingNgramSize: 3 }),
  'an early exit': earlyExit({ layer: 1 }),
};

async function idsOf(options: GenerateOptions): Promise<readonly (readonly number[])[]> {
  return (await generateBatch(model, prompts, { maxNewTokens: 12, seed: 3, eosTokenIds: [6], ...options })).ids;
}

describe('laws', () => {
  it('one beam is greedy decoding', async () => {
    const expected = await idsOf({ samplers: [greedy()] });
    expect(await idsOf({ strategy: beamSearch({ numBeams: 1 }) })).toEqual(expected);
    for (const release of ['5', '4.47'] as const)
      expect(await idsOf({ strategy: huggingFaceBeamSearch({ numBeams: 1, release }) })).toEqual(expected);
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

  it('one stochastic beam is plain sampling, token for token', async () => {
    const samplers = [temperature({ temperature: 0.9 })];
    for (let seed = 0; seed < 20; seed++) {
      const expected = await idsOf({ samplers, seed });
      expect(await idsOf({ samplers, seed, strategy: stochasticBeams({ numBeams: 1 }) })).toEqual(expected);
    }
  });

  it('one group is plain beam search', async () => {
    const grouped = groupBeamSearch({ numBeams: 4, numBeamGroups: 1, diversityPenalty: 9 });
    expect(await idsOf({ strategy: grouped, numReturnSequences: 4 })).toEqual(
      await idsOf({ strategy: beamSearch({ numBeams: 4 }), numReturnSequences: 4 }),
    );
  });

  it('the first group is a plain beam search of its own', async () => {
    const strategy = groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 100, lengthPenalty: 0 });
    const grouped = await idsOf({ strategy, numReturnSequences: 4 });
    const plain = await idsOf({
      strategy: beamSearch({ numBeams: 2, lengthPenalty: 0 }),
      numReturnSequences: 2,
    });
    for (const prompt of prompts.keys())
      for (const ids of plain.slice(2 * prompt, 2 * prompt + 2))
        expect(grouped.slice(4 * prompt, 4 * prompt + 4)).toContainEqual(ids);
  });

  it.each(['4.47', '5'] as const)('one group is plain beam search in Transformers %s', async (release) => {
    const plain = huggingFaceBeamSearch({ numBeams: 4, release, domain: 'logits' });
    const grouped = huggingFaceGroupBeamSearch({
      numBeams: 4,
      numBeamGroups: 1,
      diversityPenalty: 9,
      release,
      domain: 'logits',
    });
    expect(await idsOf({ strategy: grouped, numReturnSequences: 4 })).toEqual(
      await idsOf({ strategy: plain, numReturnSequences: 4 }),
    );
  });

  it('every end token ends a constrained or grouped search, and is kept as found', async () => {
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

  it('a constrained search checks the vocabulary, and returns a result when everything ends at once', async () => {
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
      for (const numAssistantTokens of [1, 4]) {
        const strategy = speculative({ draft: drafter, numAssistantTokens, accept });
        expect(await idsOf({ samplers, strategy })).toEqual(expected);
      }
  });

  it.each(Object.entries(drafters))(
    "accept: 'match' gives the tokens of plain sampling, drafted by %s",
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
              strategy: speculative({ draft: drafter, accept: 'match', numAssistantTokensSchedule: 'heuristic' }),
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

  it('reports which hypotheses lived, finished and died', async () => {
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
    const totals = new Map<number, number>();
    for await (const event of generate(model, [1, 2, 3], {
      strategy: beamSearch({ numBeams: 3, lengthPenalty: 0 }),
      numReturnSequences: 3,
      logprobs: true,
      maxNewTokens: 5,
      eosTokenIds: [6],
    }))
      if (event.type === 'token') totals.set(event.sequence, (totals.get(event.sequence) ?? 0) + event.logprob!);
      else if (event.type === 'end') expect(totals.get(event.sequence)).toBeCloseTo(event.score!, 5);
    expect(totals.size).toBe(3);
  });
});

describe('the distribution of what is sampled', () => {
  const small = toyModel({ vocabSize: 4, seed: 8, spread: 1 });
  const other = toyModel({ vocabSize: 4, seed: 31, spread: 1 });
  const common = { maxNewTokens: 3, eosTokenIds: [3] };
  const chain = [repetitionPenalty({ penalty: 1.4 }), topP({ p: 0.95 })];

  async function samplesOf(
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
    ['speculative, rejection', speculative({ draft: other, numAssistantTokens: 2 })],
    [
      'speculative, rejection, uneven drafts',
      speculative({
        draft: other,
        numAssistantTokens: 3,
        assistantConfidenceThreshold: 0.35,
        numAssistantTokensSchedule: 'heuristic',
      }),
    ],
    ['speculative, match', speculative({ draft: other, numAssistantTokens: 2, accept: 'match' })],
    ['speculative, prompt lookup', speculative({ draft: promptLookup() })],
    ['speculative, early exit', speculative({ draft: earlyExit({ layer: 1 }) })],
  ])('%s: that of the model after the chain', async (_, strategy) => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const { p } = chiSquareTest((await samplesOf(strategy, 4000)).flat(), exact);
    expect(p).toBeGreaterThan(0.001);
  });

  it('the test notices a wrong distribution', async () => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const warmer = [temperature({ temperature: 1.2 }), ...chain];
    expect(chiSquareTest((await samplesOf(sampling(), 4000, warmer)).flat(), exact).p).toBeLessThan(0.001);
  });

  it('best of n: that of the best of n independent samples', async () => {
    const raw = await exactDistribution(small, [1, 2], common);
    const mean = (ids: readonly number[]): number => Math.log(raw.get(ids.join(' '))!) / ids.length;
    const best = bestOfDistribution(await exactDistribution(small, [1, 2], { ...common, samplers: chain }), mean, 3);
    expect(chiSquareTest((await samplesOf(bestOf({ numCandidates: 3 }), 3000)).flat(), best).p).toBeGreaterThan(0.001);
  });

  it('beam sampling: that of the best hypothesis of what is sampled in each step', async () => {
    const exact = await beamSamplingDistribution(small, [1, 2], { beams: 2, maxNewTokens: 3, samplers: chain });
    const total = [...exact.values()].reduce((sum, p) => sum + p, 0);
    expect(total).toBeCloseTo(1, 9);
    const found: (readonly number[])[] = [];
    for (let seed = 0; seed < 1500; seed++) {
      const strategy = beamSearch({ numBeams: 2, doSample: true });
      const options = { maxNewTokens: 3, eosTokenIds: [], strategy, samplers: chain, seed };
      found.push(...(await generateBatch(small, [[1, 2]], options)).ids);
    }
    expect(new Set(found.map(String)).size).toBeGreaterThan(2);
    expect(chiSquareTest(found, exact).p).toBeGreaterThan(0.001);
  });

  it('stochastic beams: samples without replacement, in order', async () => {
    const exact = await exactDistribution(small, [1, 2], { ...common, samplers: chain });
    const pairs = await samplesOf(stochasticBeams({ numBeams: 3 }), 4000, chain, 2);
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
      (await samplesOf(beamSearch({ numBeams: 2, doSample: true }), 20, flat)).map((ids) => ids.join(' ')),
    );
    expect(found.size).toBeGreaterThan(3);
  });
});
