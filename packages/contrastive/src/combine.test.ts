import {
  CacheError,
  type GenerateOptions,
  generate,
  generateBatch,
  InvalidLogitsError,
  ParameterError,
  type Sampler,
  ShapeError,
  UnknownOptionError,
} from '@tokenwright/core';
import { readSavedBytes, savedBytes } from '@tokenwright/core/model';
import { logProbabilities } from '@tokenwright/core/sampling';
import { exactDistribution, generationCases, modelCases, ToyModel, toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import {
  classifierFreeGuidance,
  combine,
  contextAware,
  contrastiveLi,
  contrastiveLogits,
  dola,
  influence,
  type Rule,
  samplingWithInfluence,
} from './index.ts';

const expert = toyModel({ vocabSize: 8, seed: 5 });
const amateur = toyModel({ vocabSize: 8, seed: 6, contextLength: 10 });
const another = toyModel({ vocabSize: 8, seed: 7 });
const prompts = [[1, 2, 3], [4, 0, 2, 1, 5, 3, 3], [2]];

async function idsOf(
  model: ReturnType<typeof combine>,
  options: GenerateOptions = {},
): Promise<readonly (readonly number[])[]> {
  return (await generateBatch(model, prompts, { maxNewTokens: 12, seed: 3, eosTokenIds: [6], ...options })).ids;
}

const combinations = {
  'an expert against an amateur': combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits() }),
  'two amateurs with windows, temperatures and weights': combine({
    expert,
    others: [
      { model: amateur, contextWindow: 1, temperature: 0.5 },
      { model: another, contextWindow: 3, weight: 2 },
    ],
    rule: contrastiveLi({ alpha: 0.05 }),
  }),
  'a negative prompt': combine({
    expert,
    others: [{ prompt: [7, 7, 1] }],
    rule: classifierFreeGuidance({ guidanceScale: 1.5 }),
  }),
  'the last token as prompt': combine({
    expert,
    others: [{ prompt: 'last-token' }],
    rule: classifierFreeGuidance({ guidanceScale: 2 }),
  }),
  'early layers': combine({ expert, rule: dola({ dolaLayers: [0, 1] }) }),
};

describe.each(Object.entries(combinations))('%s', (_, model) => {
  const memory = () => ({ bytes: 0, buffers: expert.live.size + amateur.live.size + another.live.size });
  for (const { name, run } of [...modelCases(model, { memory }), ...generationCases(model, { memory, longRun: 150 })])
    it(name, run);

  it('several scored positions equal single steps', async () => {
    const tokens = [1, 2, 3, 0, 4, 7, 1, 1, 2, 5, 3];
    const several = model.createCache();
    const single = model.createCache();
    for (const cache of [several, single]) cache.notePrompts?.([4]);
    model.forward([tokens.slice(0, 7)], several).dispose();
    const together = model.forward([tokens.slice(7)], several, { scored: 4 });
    const expected: number[] = [];
    for (const [i, id] of tokens.entries()) {
      const step = model.forward([[id]], single);
      if (i >= 7) expected.push(...(await step.logits.read()));
      step.dispose();
    }
    expect(Array.from(await together.logits.read())).toEqual(expected);
    expect(Array.from(await together.logits.read([2]))).toEqual(expected.slice(16, 24));
    together.dispose();
    several.dispose();
    single.dispose();
  });

  it('continues identically after a fork, a rewind and a restore', async () => {
    const cache = model.createCache({ rows: 2 });
    cache.notePrompts?.([3, 2]);
    model
      .forward(
        [
          [1, 2, 3, 4],
          [5, 0],
        ],
        cache,
      )
      .dispose();
    const go = async (from: typeof cache): Promise<number[]> => {
      const result = model.forward([[6], [1, 1]], from);
      const logits = Array.from(await result.logits.read());
      result.dispose();
      return logits;
    };
    const bytes = await cache.serialize();
    const restored = model.restoreCache(bytes);
    const first = model.restoreCache(inFirstForm(bytes));
    const fork = cache.fork();
    fork.gather([1, 0]);
    fork.gather([1, 0]);
    const expected = await go(cache);
    expect(await go(restored)).toEqual(expected);
    expect(await go(first)).toEqual(expected);
    expect(await go(fork)).toEqual(expected);
    cache.truncate([4, 2]);
    expect(await go(cache)).toEqual(expected);
    for (const saved of [bytes, inFirstForm(bytes)])
      for (const length of [0, 7, 11, 30, saved.length - 1])
        expect(() => model.restoreCache(saved.slice(0, length))).toThrow(CacheError);
    const three = [amateur, another, amateur].map((one) => ({ model: one }));
    const other = combine({ expert, others: three, rule: contrastiveLogits() });
    for (const saved of [bytes, inFirstForm(bytes)])
      expect(() => other.restoreCache(saved)).toThrow(/they hold \d caches instead of 4/);
    const { header, body } = readSavedBytes(combinedFormat, bytes);
    for (const wrong of [{ origins: [0] }, { promptLengths: [1, 2, 3] }, { origins: 'ab' }, { lengths: [1, -1, 1] }]) {
      const saved = savedBytes(combinedFormat, { ...header, ...wrong }, body.length);
      saved.body.set(body);
      expect(() => model.restoreCache(saved.bytes)).toThrow(CacheError);
    }
    for (const one of [cache, restored, first, fork]) one.dispose();
    expect(expert.live.size + amateur.live.size + another.live.size).toBe(0);
  });
});

const combinedFormat = { content: 'cache of a combined model', letters: 'TWCC', version: 1 };

/** The same cache as the library saved it at first: the number of caches, their lengths and that of the header, and then these. */
function inFirstForm(bytes: Uint8Array): Uint8Array {
  const { header, body } = readSavedBytes(combinedFormat, bytes);
  const lengths = header.lengths as number[];
  const { origins, promptLengths } = header;
  const notes = new TextEncoder().encode(
    JSON.stringify({ format: 'tokenwright combined cache 1', origins, promptLengths }),
  );
  const numbers = Uint8Array.from([lengths.length, notes.length, ...lengths].flatMap((n) => [n & 255, n >> 8, 0, 0]));
  return Uint8Array.from([...numbers, ...notes, ...body]);
}

describe('laws', () => {
  const others = [{ model: amateur }];
  it.each([
    ['contrastiveLogits: beta 0, alpha 0', contrastiveLogits({ beta: 0, alpha: 0 })],
    ['classifierFreeGuidance: guidanceScale 1', classifierFreeGuidance({ guidanceScale: 1 })],
    ['contextAware: alpha 0', contextAware({ alpha: 0 })],
  ])('with %s, the result is the expert alone', async (_, rule) => {
    expect(await idsOf(combine({ expert, others, rule }), { maxNewTokens: 50 })).toEqual(
      await idsOf(expert, { maxNewTokens: 50 }),
    );
  });

  it('guidance with scale 1 + beta equals contrastiveLogits with alpha 0', async () => {
    const a = await exactDistribution(
      combine({ expert, others, rule: classifierFreeGuidance({ guidanceScale: 1.7 }) }),
      [1, 2],
      { maxNewTokens: 2 },
    );
    const b = await exactDistribution(
      combine({ expert, others, rule: contrastiveLogits({ beta: 0.7, alpha: 0 }) }),
      [1, 2],
      { maxNewTokens: 2 },
    );
    for (const [key, p] of a) expect(p).toBeCloseTo(b.get(key)!, 5);
  });

  it('alpha 1 leaves only the best token of the expert', async () => {
    const greedy: Sampler = {
      name: 'best',
      onHost: (logits, step) => step.keep(logits, [logits.indexOf(Math.max(...logits))]),
    };
    for (const rule of [contrastiveLi({ alpha: 1 }), contrastiveLogits({ alpha: 1 })])
      expect(await idsOf(combine({ expert, others, rule }))).toEqual(await idsOf(expert, { samplers: [greedy] }));
  });

  it('two equal amateurs equal one', async () => {
    const one = combine({ expert, others, rule: contrastiveLi() });
    const two = combine({
      expert,
      others: [
        { model: amateur, weight: 1 },
        { model: amateur, weight: 3 },
      ],
      rule: contrastiveLi(),
    });
    expect(await idsOf(two)).toEqual(await idsOf(one));
  });

  it('a source sees its own prompt, then the generated tokens only', async () => {
    const seen: number[][] = [];
    const spy: ToyModel = toyModel({ vocabSize: 8, seed: 6 });
    const forward = spy.forward.bind(spy);
    spy.forward = (tokens, cache, options) => {
      const result = forward(tokens, cache, options);
      seen.push(Array.from(cache.tokens(0)));
      return result;
    };
    const model = combine({ expert, others: [{ model: spy, prompt: [[7, 0]] }], rule: contextAware({ alpha: 1 }) });
    const { ids } = await generateBatch(model, [[1, 2, 3]], { maxNewTokens: 4, seed: 1, eosTokenIds: [] });
    expect(seen).toEqual([0, 1, 2, 3].map((count) => [7, 0, ...ids[0]!.slice(0, count)]));
  });

  it('contrastiveLi gives the log-probabilities of the expert minus those of the amateur', () => {
    const [e, a] = [Float32Array.of(2, 1, 0, -9), Float32Array.of(0, 1, 2, 0)];
    const scores = contrastiveLi({ alpha: 0.2 }).combine(e, [{ logits: a, weight: 1 }]);
    const [p, q] = [logProbabilities(e), logProbabilities(a)];
    expect(scores[0]).toBeCloseTo(p[0]! - q[0]!, 5);
    expect(scores[1]).toBeCloseTo(p[1]! - q[1]!, 5);
    // exp(-2) < 0.2
    expect(Array.from(scores.slice(2))).toEqual([-Infinity, -Infinity]);
  });

  it('a token that another source rules out stays finite, one that the expert rules out is removed', () => {
    for (const rule of [
      contrastiveLi({ alpha: 0 }),
      contrastiveLogits({ alpha: 0 }),
      classifierFreeGuidance({ guidanceScale: 2 }),
      dola({ relativeTop: 0 }),
    ]) {
      const scores = rule.combine(Float32Array.of(1, 2, -Infinity), [
        { logits: Float32Array.of(-Infinity, 1, 1), weight: 1 },
      ]);
      expect(Number.isFinite(scores[0])).toBe(true);
      expect(scores[2]).toBe(-Infinity);
    }
  });
});

describe('influence', () => {
  it('is zero for a source with a flat distribution, and positive for one that decides', async () => {
    const flat = toyModel({ vocabSize: 8, seed: 1, spread: 0 });
    const model = combine({
      expert,
      others: [
        { model: flat, name: 'flat' },
        { model: amateur, name: 'amateur' },
      ],
      rule: contrastiveLogits({ alpha: 0 }),
    });
    const cache = model.createCache();
    const result = model.forward([[1, 2, 3]], cache);
    const readout = await influence(result, 0);
    const [, second] = readout.sources;
    expect(readout.sources.map(({ name }) => name)).toEqual(['flat', 'amateur']);
    expect(second!.distance).toBeGreaterThan(0.01);
    expect(readout.best).toBe(readout.id);
    result.dispose();
    cache.dispose();
    await expect(influence(flat.forward([[1]], flat.createCache()), 0)).rejects.toThrow(ParameterError);
  });

  it('is reported for each token', async () => {
    const model = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits() });
    const told: unknown[] = [];
    const tokens: number[] = [];
    for await (const event of generate(model, [1, 2], {
      strategy: samplingWithInfluence(),
      steps: true,
      seed: 4,
      maxNewTokens: 5,
      eosTokenIds: [],
    }))
      if (event.type === 'step') told.push((event.detail as { id: number }).id);
      else if (event.type === 'token') tokens.push(event.id);
    expect(told).toEqual(tokens);
  });
});

describe('errors', () => {
  it('are typed', () => {
    const rule = contrastiveLogits();
    expect(() => combine({ expert, others: [{ model: toyModel({ vocabSize: 9 }) }], rule })).toThrow(ShapeError);
    expect(() => combine({ expert, rule })).toThrow(ParameterError);
    expect(() => combine({ expert, others: [{ temprature: 1 } as never], rule })).toThrow(UnknownOptionError);
    expect(() => combine({ expert, others: [{ temperature: 0 }], rule })).toThrow(ParameterError);
    expect(() => combine({ expert, others: [{ prompt: [] }], rule })).toThrow(ParameterError);
    expect(() => contrastiveLi({ alpha: 2 })).toThrow(ParameterError);
    expect(() => contrastiveLogits({ beta: -1 })).toThrow(ParameterError);
    // Their products with logits would be infinite.
    expect(() => contrastiveLogits({ beta: 1e308 })).toThrow('beta must be a number from 0 to 1000000');
    expect(() => contextAware({ alpha: 1e308 })).toThrow('alpha must be a number from 0 to 1000000');
    for (const guidanceScale of [-1e308, 1e308])
      expect(() => classifierFreeGuidance({ guidanceScale })).toThrow('guidanceScale must be a number from -1000000');
    expect(() => combine({ expert, others: [{ temperature: 1e-320 }], rule })).toThrow('at least 0.000001');
    expect(() => dola({ dolaLayers: 'middle' as never })).toThrow(ParameterError);
  });

  it('in a source leave the cache unchanged', () => {
    const model = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits() });
    const cache = model.createCache();
    model.forward([[1, 2]], cache).dispose();
    const forward = amateur.forward;
    amateur.forward = () => {
      throw new RangeError('planted');
    };
    expect(() => model.forward([[3]], cache)).toThrow(RangeError);
    amateur.forward = forward;
    expect(cache.lengths).toEqual([2]);
    cache.dispose();
    expect(expert.live.size + amateur.live.size).toBe(0);
  });
});

describe('a source whose logits are not numbers', () => {
  const rules: Rule[] = [
    classifierFreeGuidance({ guidanceScale: 1.5 }),
    contextAware({ alpha: 0.5 }),
    contrastiveLi(),
    contrastiveLogits(),
    { name: 'mine', parameters: null, combine: (own) => own.slice() },
  ];
  const faults: [string, (row: Float32Array) => void][] = [
    [
      'NaN in its least probable token',
      (row) => row.fill(NaN, row.indexOf(Math.min(...row)), row.indexOf(Math.min(...row)) + 1),
    ],
    ['NaN everywhere', (row) => row.fill(NaN)],
    ['+Infinity', (row) => row.fill(Infinity, 3, 4)],
  ];
  /** A toy model whose rows are spoiled from the given length on. */
  const spoiled = (spoil: (row: Float32Array) => void, seed: number): ToyModel => {
    class Spoiled extends ToyModel {
      override logitsAfter(tokens: ArrayLike<number>, layer?: number): Float32Array {
        const row = super.logitsAfter(tokens, layer);
        if (tokens.length >= 4) spoil(row);
        return row;
      }
    }
    return new Spoiled({ vocabSize: 8, seed });
  };

  it.each(faults)('is an error of every rule, and not hidden: %s', async (_, spoil) => {
    for (const rule of rules)
      for (const [own, other] of [
        [spoiled(spoil, 5), amateur],
        [expert, spoiled(spoil, 6)],
      ] as const) {
        const model = combine({ expert: own, others: [{ model: other }], rule });
        const call = generate(model, [[1, 2], [3]], { seed: 3, eosTokenIds: [], maxNewTokens: 6 });
        await expect(call, rule.name).rejects.toThrow(InvalidLogitsError);
        expect(own.live.size + other.live.size).toBe(0);
      }
    const deep = combine({ expert: spoiled(spoil, 5), rule: dola({ dolaLayers: [0, 1] }) });
    await expect(generate(deep, [1, 2], { seed: 3, maxNewTokens: 6, eosTokenIds: [] })).rejects.toThrow(
      InvalidLogitsError,
    );
  });

  it('is an error when the source has no token left', async () => {
    const empty = spoiled((row) => row.fill(-Infinity), 6);
    const model = combine({ expert, others: [{ model: empty }], rule: contrastiveLogits() });
    await expect(generate(model, [1, 2], { seed: 3, maxNewTokens: 6, eosTokenIds: [] })).rejects.toThrow(
      InvalidLogitsError,
    );
    expect(expert.live.size + empty.live.size).toBe(0);
  });

  it('is an error of a sampler that makes one', async () => {
    const model = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits() });
    const samplers: Sampler[] = [{ name: 'mine', onHost: (row) => void row.fill(NaN, 2, 3) }];
    const error = await Promise.resolve(generate(model, [1, 2], { samplers, seed: 3, maxNewTokens: 2 })).catch(
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(InvalidLogitsError);
    expect(error).toMatchObject({ stage: 'mine', token: 2 });
  });
});

it('what the call rules out takes precedence over what the rule rules out', async () => {
  // The rule leaves only token 6, which the call forbids among the first three tokens.
  const rule = {
    ...contrastiveLogits(),
    combine: (own: Float32Array) => own.map((x, id) => (id === 6 ? x : -Infinity)),
  };
  const model = combine({ expert, others: [{ model: amateur }], rule });
  const [end] = (await generate(model, [1, 2], { minNewTokens: 3, maxNewTokens: 6, eosTokenIds: [6], seed: 1 }))
    .sequences;
  expect(end!.ids).toHaveLength(4);
  expect(end!.ids.slice(0, 3)).not.toContain(6);
  expect(end!.ids.at(-1)).toBe(6);
});

it('the fingerprint depends on the rule, the prompts, the windows and the weights', () => {
  const of = (alpha: number, other: object): string =>
    combine({ expert, others: [{ model: amateur, ...other }, { model: another }], rule: contrastiveLogits({ alpha }) })
      .fingerprint;
  const all = [
    of(0.1, {}),
    of(0.2, {}),
    of(0.1, { prompt: [1] }),
    of(0.1, { prompt: [2] }),
    of(0.1, { contextWindow: 2 }),
    of(0.1, { temperature: 2 }),
    of(0.1, { weight: 3 }),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(of(0.1, {})).toBe(all[0]);
});
