import '@tensorflow/tfjs-backend-cpu';
import { type Engine, type LanguageModel, MemoryLimitError, UnknownOptionError } from '@tokenwright/core';
import type { Architecture, WeightSource } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWasm, type WeightFormat } from './index.ts';
import { tryRelaxed } from './module/kernels.ts';
import { describeLaws } from './testing/engine-laws.ts';
import { errorOf, feed, load, logitsOf, text } from './testing/logits.ts';
import { lawModels, type TinyModel, tinyGPT2, tinyLlama } from './testing/tiny-models.ts';

const prompt = text(70);

for (const tiny of lawModels) describeLaws(tiny, 'f32');
for (const tiny of [lawModels[0]!, lawModels.at(-1)!])
  for (const format of ['f16', '8-bit', '8-bit-blocks', '4-bit-blocks'] as const) describeLaws(tiny, format);

// 8-bit weights in two planes of 7 bits, which are the default only where they are faster.
if ((await tryRelaxed()).works) describeLaws(lawModels[3]!, '8-bit', true);
else console.warn('Skipped: this WebAssembly engine has no relaxed SIMD.');

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
  ] as const)('%s: stays close to float32 with less memory', async (kind, tolerance, share) => {
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

  it.each(['f16', '8-bit'] as const)(
    '%s: a prompt, a few tokens and single tokens give the same bits',
    async (kind) => {
      const caches = [64, 3, 1].map((step) => {
        const cache = model.createCache({ kind });
        const known = prompt.slice(0, -1);
        for (let at = 0; at < known.length; at += step)
          model.forward([known.slice(at, at + step)], cache, { scored: 0 }).dispose();
        return cache;
      });
      const [whole, ...others] = await Promise.all(caches.map((cache) => feed(model, cache, [prompt.slice(-1)])));
      for (const other of others) expect(other).toEqual(whole);
      for (const cache of caches) cache.dispose();
    },
  );

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
    // Two blocks instead of four: the one of the sinks and the one that the window touches.
    const full = model.createCache();
    await feed(model, full, [long]);
    expect(oneByOne.bytes / full.bytes).toBe(0.5);
    full.dispose();
    expect(() => oneByOne.truncate([100])).toThrow(/has moved past/);
    oneByOne.truncate([239]);
    expect(await feed(model, oneByOne, [[long[239]!]])).toEqual([inFrames[239]]);
    await expect(oneByOne.serialize()).rejects.toThrow(/no longer holds/);
    cache.dispose();
    oneByOne.dispose();
  });

  it('rejects a cache of another engine', async () => {
    const other = await load(engine, tiny);
    const cache = other.createCache();
    expect(() => model.forward([[1]], cache)).toThrow(/was not made by/);
    other.dispose();
  });
});

describe('threads', () => {
  // Large enough that waking the threads pays off.
  const tiny = tinyGPT2({ width: 256, heads: 4, intermediateSize: 1024, vocabSize: 997 }) as TinyModel;

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
  it('reads a large matrix by rows where the source supports it, with the same result', async () => {
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

describe('a long context', () => {
  it('computes its angles on first use', async () => {
    const { architecture, config, source } = tinyLlama({ contextLength: 131072 }) as TinyModel;
    const asked: [first: number, count: number][] = [];
    const noting: Architecture = {
      ...architecture,
      parameters: (p, settings, has) =>
        architecture.parameters(
          {
            ...p,
            table: (values, rows, width) =>
              p.table(
                (first, count, total) => {
                  asked.push([first, count]);
                  return values(first, count, total);
                },
                rows,
                width,
              ),
          },
          settings,
          has,
        ),
    };
    const engine = await fusedWasm({ threads: 1 }).start();
    const model = await createModel(engine, noting, config, source);
    expect(asked).toEqual([]);
    const cache = model.createCache();
    for (let fed = 0; fed < 1030; fed += 103) await feed(model, cache, [text(103)]);
    expect(asked).toEqual([
      [0, 1024],
      [1024, 1024],
    ]);
    cache.dispose();
    model.dispose();
    const short = await createModel(engine, architecture, config, source, { contextLength: 1500 });
    const again = await createModel(engine, noting, config, source);
    const longer = text(1030);
    expect((await logitsOf(again, longer, 206)).at(-1)).toEqual((await logitsOf(short, longer, 206)).at(-1));
    await engine.dispose();
  });
});

describe('a shorter context', () => {
  it('allocates angles only for its positions, and gives the same bits', async () => {
    const tiny = tinyLlama({ contextLength: 131072 }) as TinyModel;
    const { architecture, config, source } = tiny;
    const engine = await fusedWasm({ threads: 1 }).start();
    const results: { bytes: number; rows: Float32Array[] }[] = [];
    for (const contextLength of [131072, 512]) {
      const model = await createModel(engine, architecture, config, source, { contextLength });
      results.push({ bytes: engine.memory().bytes, rows: await logitsOf(model, prompt) });
      model.dispose();
    }
    const [whole, short] = results;
    expect(short!.rows).toEqual(whole!.rows);
    // Angles of 16 dimensions in float32, and 512 block tables.
    expect(whole!.bytes - short!.bytes).toBe((131072 - 512) * (16 * 4 + (512 * 4) / 64));
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
  });
});

describe('profile', () => {
  it('reports the time of each step when profiling is on', async () => {
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
  it('rejects unknown options and models that do not fit', async () => {
    expect(() => fusedWasm({ thread: 1 } as never)).toThrow(UnknownOptionError);
    expect(() => fusedWasm({ weights: 'q8' as never })).toThrow(/weights must be one of/);
    const engine = await fusedWasm({ threads: 1, memoryLimit: 1e5 }).start();
    await expect(load(engine, tinyGPT2() as TinyModel)).rejects.toThrow(MemoryLimitError);
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
  });

  it('keeps a cache within the limit, and stays usable after an error', async () => {
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
