import '@tensorflow/tfjs-backend-cpu';
import {
  type Engine,
  type LanguageModel,
  MemoryLimitError,
  UnknownOptionError,
  type WeightSource,
} from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWasm, type WeightFormat } from './index.ts';
import { errorOf, feed, greedyTokens, load, logitsOf, text } from './testing/logits.ts';
import { roundTrip } from './testing/plain-formats.ts';
import { mappedSource, type TinyModel, tinyGPT2, tinyLlama } from './testing/tiny-models.ts';

const models: readonly TinyModel[] = [
  tinyGPT2() as TinyModel,
  { ...tinyGPT2({ width: 36, heads: 3, hidden: 50, vocabSize: 61, tied: false }), name: 'odd GPT-2' } as TinyModel,
  { ...tinyGPT2({ width: 30, heads: 3, hidden: 33, activation: 'gelu' }), name: 'odder GPT-2' } as TinyModel,
  tinyLlama() as TinyModel,
  {
    ...tinyLlama({ width: 40, heads: 6, kvHeads: 3, headDim: 10, hidden: 53, tied: true, attentionBias: true }),
    name: 'odd Llama',
  } as TinyModel,
];
const prompt = text(70);

let reference: Engine;
beforeAll(async () => {
  reference = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => reference.dispose());

describe.each(models)('$name with float32 weights', (tiny) => {
  let expected: LanguageModel;
  let engine: Engine;
  let model: LanguageModel;
  let baseline: number;

  beforeAll(async () => {
    engine = await fusedWasm({ threads: 1 }).start();
    expected = await load(reference, tiny);
    model = await load(engine, tiny);
    baseline = engine.memory().bytes;
  });
  afterAll(async () => {
    expected.dispose();
    model.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    await engine.dispose();
  });

  it('gives the logits of the reference engine', async () => {
    const error = errorOf(await logitsOf(model, prompt), await logitsOf(expected, prompt));
    expect(error).toBeLessThan(1e-4);
  });

  it('generates the tokens of the reference engine', async () => {
    const start = prompt.slice(0, 5);
    expect(await greedyTokens(model, start, 40)).toEqual(await greedyTokens(expected, start, 40));
  });

  it('gives the same bits for a whole text, in parts, and token by token', async () => {
    const whole = await logitsOf(model, prompt);
    expect(await logitsOf(model, prompt, 1)).toEqual(whole);
    expect(await logitsOf(model, prompt, 33)).toEqual(whole);
  });

  it('gives the same bits for a row alone and in a ragged batch', async () => {
    const rows = [text(66), text(3, 60, 9), text(20, 60, 1)];
    const cache = model.createCache({ rows: 3 });
    const together = await feed(model, cache, rows);
    const more = await feed(model, cache, [[4], [], [8, 9]]);
    cache.dispose();
    const alone = await Promise.all([...rows.map((row) => logitsOf(model, row))]);
    expect(together).toEqual(alone.flat());
    expect(more[0]).toEqual((await logitsOf(model, [...rows[0]!, 4])).at(-1));
    expect(more.slice(1)).toEqual((await logitsOf(model, [...rows[2]!, 8, 9])).slice(-2));
  });

  it('gives the same bits after gather, truncate and fork', async () => {
    const cache = model.createCache({ rows: 2 });
    const [first, second] = [text(70), text(64, 60, 11)];
    await feed(model, cache, [first, second]);
    const fork = cache.fork();
    cache.gather([1, 0, 1]);
    const gathered = await feed(model, cache, [[7], [8], [9]]);
    const after = async (row: readonly number[]): Promise<Float32Array> => (await logitsOf(model, row)).at(-1)!;
    expect(gathered).toEqual([await after([...second, 7]), await after([...first, 8]), await after([...second, 9])]);
    cache.truncate([65, 10, 0]);
    const truncated = await feed(model, cache, [[1], [2], [3]]);
    expect(truncated).toEqual([
      await after([...second, 7, 1]),
      await after([...first.slice(0, 10), 2]),
      await after([3]),
    ]);
    const forked = await feed(model, fork, [[5], [6]]);
    expect(forked).toEqual([await after([...first, 5]), await after([...second, 6])]);
    cache.dispose();
    fork.dispose();
  });

  it('restores a cache from its bytes', async () => {
    const cache = model.createCache({ rows: 2 });
    await feed(model, cache, [prompt, text(5)]);
    const restored = model.restoreCache(await cache.serialise());
    expect(await feed(model, restored, [[1], [2]])).toEqual(await feed(model, cache, [[1], [2]]));
    cache.dispose();
    restored.dispose();
  });

  it('gives hidden states and the logits of layers', async () => {
    const all = async (on: LanguageModel): Promise<Float32Array[]> => {
      const cache = on.createCache({ rows: 2 });
      const options = { scored: 2, hidden: true, layers: [0, 2, 3] };
      const result = on.forward([prompt, text(4)], cache, options);
      const matrices = [result.logits, result.hidden!, ...[0, 2, 3].map((layer) => result.layers!.get(layer)!)];
      const values = await Promise.all(matrices.map((matrix) => matrix.read()));
      result.dispose();
      cache.dispose();
      return values;
    };
    const received = await all(model);
    for (const [i, values] of (await all(expected)).entries())
      expect(errorOf([received[i]!], [values]), `matrix ${i}`).toBeLessThan(1e-4);
  });

  it('runs to the last position of the context, and scores nothing when nothing is asked', async () => {
    const cache = model.createCache();
    for (const part of [text(200), text(55)]) model.forward([part], cache, { scored: 0 }).dispose();
    expect(await feed(model, cache, [[1]])).toHaveLength(1);
    expect(cache.lengths).toEqual([256]);
    cache.dispose();
  });

  it('gives back all that its caches and results took', async () => {
    const cache = model.createCache({ rows: 3 });
    await feed(model, cache, [prompt, prompt, text(3)]);
    expect(engine.memory().bytes).toBeGreaterThan(baseline);
    cache.dispose();
    expect(engine.memory().bytes).toBe(baseline);
  });
});

describe.each([tinyGPT2() as TinyModel, models[4]!])('$name with reduced weights', (tiny) => {
  it.each<WeightFormat>(['f16', '8-bit', '8-bit-blocks', '4-bit-blocks'])(
    '%s: computes with the weights it holds',
    async (format) => {
      for (const relaxed of [false, undefined]) {
        const engine = await fusedWasm({ threads: 1, weights: format, ...(relaxed === false && { relaxed }) }).start();
        const model = await load(engine, tiny);
        const held = mappedSource(tiny, (rows, inputs, { names }) => {
          // Position tables are not reduced.
          if (!names.some((name) => name.endsWith('wpe.weight'))) roundTrip(format, rows, inputs);
        });
        const expected = await load(reference, { ...tiny, source: held });
        const whole = await logitsOf(model, prompt);
        expect(errorOf(whole, await logitsOf(expected, prompt))).toBeLessThan(0.002);
        expect(await logitsOf(model, prompt, 1)).toEqual(whole);
        model.dispose();
        expected.dispose();
        await engine.dispose();
      }
    },
  );
});

describe('relaxed SIMD', () => {
  it('stays within 0.2 % with products in two planes, where it works', async () => {
    const tiny = tinyLlama() as TinyModel;
    const engine = await fusedWasm({ threads: 1, weights: '8-bit', relaxed: true })
      .start()
      .catch(() => undefined);
    if (engine === undefined) return console.warn('Skipped: this WebAssembly engine has no relaxed SIMD.');
    const model = await load(engine, tiny);
    const expected = await load(reference, {
      ...tiny,
      source: mappedSource(tiny, (rows, inputs) => roundTrip('8-bit', rows, inputs)),
    });
    const whole = await logitsOf(model, prompt);
    expect(errorOf(whole, await logitsOf(expected, prompt))).toBeLessThan(0.002);
    expect(await logitsOf(model, prompt, 1)).toEqual(whole);
    await engine.dispose();
    expected.dispose();
  });
});

describe('caches', () => {
  const tiny = tinyLlama() as TinyModel;
  let engine: Engine;
  let model: LanguageModel;
  beforeAll(async () => {
    engine = await fusedWasm({ threads: 1 }).start();
    model = await load(engine, tiny);
  });
  afterAll(() => engine.dispose());

  it.each([
    ['f16', 0.002, 0.55],
    ['8-bit', 0.03, 0.35],
  ] as const)('%s: stays near float32 in less memory', async (kind, tolerance, share) => {
    const exact = model.createCache();
    const cache = model.createCache({ kind });
    const error = errorOf(await feed(model, cache, [prompt]), await feed(model, exact, [prompt]));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(tolerance);
    expect(cache.bytes / exact.bytes).toBeLessThan(share);
    cache.truncate([66]);
    const fork = cache.fork();
    expect(await feed(model, cache, [[1]])).toEqual(await feed(model, fork, [[1]]));
    for (const each of [exact, cache, fork]) each.dispose();
  });

  it('sees only its window and its sinks', async () => {
    const whole = model.createCache({ kind: { kind: 'window', size: 300 } });
    const exact = model.createCache();
    expect(await feed(model, whole, [prompt])).toEqual(await feed(model, exact, [prompt]));
    whole.dispose();
    exact.dispose();

    const long = text(240);
    const cache = model.createCache({ kind: { kind: 'window', size: 32, sinks: 4 } });
    const inFrames = await feed(model, cache, [long]);
    const oneByOne = model.createCache({ kind: { kind: 'window', size: 32, sinks: 4 } });
    for (const [i, id] of long.entries())
      expect(await feed(model, oneByOne, [[id]]), `token ${i}`).toEqual([inFrames[i]]);
    expect(errorOf([inFrames[239]!], [(await logitsOf(model, long))[239]!])).toBeGreaterThan(0.001);
    // The block of the sinks, and the one that the window touches, instead of four.
    const full = model.createCache();
    await feed(model, full, [long]);
    expect(oneByOne.bytes / full.bytes).toBe(0.5);
    full.dispose();
    expect(() => oneByOne.truncate([100])).toThrow(/has moved past/);
    oneByOne.truncate([239]);
    expect(await feed(model, oneByOne, [[long[239]!]])).toEqual([inFrames[239]]);
    await expect(oneByOne.serialise()).rejects.toThrow(/no longer holds/);
    cache.dispose();
    oneByOne.dispose();
  });

  it('refuses another engine’s cache', async () => {
    const other = await load(engine, tiny);
    const cache = other.createCache();
    expect(() => model.forward([[1]], cache)).toThrow(/was not made by/);
    other.dispose();
  });
});

describe('threads', () => {
  // Large enough that the threads are worth waking.
  const tiny = tinyGPT2({ width: 256, heads: 4, hidden: 1024, vocabSize: 997 }) as TinyModel;

  it.each<WeightFormat>(['f32', '8-bit', '4-bit-blocks'])('give the same bits as one: %s', async (weights) => {
    const results: Float32Array[][] = [];
    for (const threads of [1, 2, 3]) {
      const engine = await fusedWasm({ threads, weights }).start();
      const model = await load(engine, tiny);
      results.push([...(await logitsOf(model, prompt)), ...(await logitsOf(model, prompt.slice(0, 12), 1))]);
      await engine.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

describe('loading', () => {
  it('reads a large matrix by rows where the source can, and gives the same numbers', async () => {
    const tiny = tinyGPT2({ width: 32, vocabSize: 70003 }) as TinyModel;
    const read: string[] = [];
    const source: WeightSource = {
      ...tiny.source,
      read: (name) => {
        read.push(name);
        return tiny.source.read(name);
      },
      readRows: async (name, first, count) => (await tiny.source.read(name)).slice(first * 32, (first + count) * 32),
    };
    const engine = await fusedWasm({ threads: 1, weights: '8-bit' }).start();
    const whole = await load(engine, tiny);
    const expected = await logitsOf(whole, [1, 70002, 3]);
    whole.dispose();
    const byRows = await load(engine, { ...tiny, source });
    expect(await logitsOf(byRows, [1, 70002, 3])).toEqual(expected);
    expect(read.some((name) => name.endsWith('wte.weight'))).toBe(false);
    byRows.dispose();
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
  });
});

describe('profile', () => {
  it('says where the time of each run went, when it was asked for', async () => {
    const tiny = tinyLlama() as TinyModel;
    const engine = await fusedWasm({ threads: 1, profile: true }).start();
    const model = await load(engine, tiny);
    expect(engine.profile()).toEqual([]);
    await logitsOf(model, prompt);
    const rows = engine.profile();
    expect(rows.map(({ step }) => step.split(' ')[0])).toEqual(expect.arrayContaining(['embed', 'attend', 'gated']));
    expect(rows.every(({ runs, milliseconds }) => runs > 0 && milliseconds >= 0)).toBe(true);
    expect(rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeGreaterThan(0);
    expect(engine.profile()).toEqual([]);
    await engine.dispose();
  });
});

describe('top', () => {
  it('gives the largest logits, those of ids, and the log-sum-exp', async () => {
    const engine = await fusedWasm({ threads: 1 }).start();
    const model = await load(engine, tinyGPT2() as TinyModel);
    const cache = model.createCache();
    const result = model.forward([prompt], cache, { scored: 3 });
    const values = await result.logits.read([1]);
    const [, top] = await result.logits.top!(10, [3, 90]);
    const order = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, 10);
    expect([...top!.ids]).toEqual(order);
    expect([...top!.values]).toEqual(order.map((id) => values[id]));
    expect([...top!.named]).toEqual([values[3], values[90]]);
    const largest = Math.max(...values);
    const expected = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    expect(top!.logSumExp).toBeCloseTo(expected, 5);
    await engine.dispose();
  });
});

describe('fusedWasm', () => {
  it('refuses options that it does not have, and models that do not fit', async () => {
    expect(() => fusedWasm({ thread: 1 } as never)).toThrow(UnknownOptionError);
    expect(() => fusedWasm({ weights: 'q8' as never })).toThrow(/weights must be one of/);
    const engine = await fusedWasm({ threads: 1, memoryLimit: 1e5 }).start();
    await expect(load(engine, tinyGPT2() as TinyModel)).rejects.toThrow(MemoryLimitError);
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
  });

  it('keeps a cache within the limit, and can go on after it', async () => {
    const probe = await fusedWasm({ threads: 1 }).start();
    await load(probe, tinyGPT2() as TinyModel);
    const weights = probe.memory().bytes;
    await probe.dispose();
    const engine = await fusedWasm({ threads: 1, memoryLimit: weights + (3 << 20) }).start();
    const model = await load(engine, tinyGPT2() as TinyModel);
    const before = engine.memory().bytes;
    const cache = model.createCache({ rows: 60 });
    expect(() =>
      model.forward(
        Array.from({ length: 60 }, () => [1]),
        cache,
      ),
    ).toThrow(MemoryLimitError);
    cache.dispose();
    expect(engine.memory().bytes).toBe(before);
    expect(await logitsOf(model, [1, 2])).toHaveLength(2);
    await engine.dispose();
  });
});
