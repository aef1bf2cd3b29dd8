import { type Engine, type LanguageModel, MemoryLimitError } from '@tokenwright/core';
import { bart, gpt2, t5 } from '@tokenwright/core/architectures';
import type { PrepareOptions, WeightSource } from '@tokenwright/core/engine';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { seededWeights } from '@tokenwright/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { fusedWasm } from './index.ts';
import { feed, load, logitsOf, text } from './testing/logits.ts';
import { type TinyModel, tinyGPT2, tinyLlama } from './testing/tiny-models.ts';

const engines: Engine[] = [];
async function start(memoryLimit?: number): Promise<Engine> {
  const engine = await fusedWasm({ threads: 1, ...(memoryLimit !== undefined && { memoryLimit }) }).start();
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  for (const engine of engines.splice(0)) {
    await engine.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
  }
});

/** A source with tensors of any size, which must not be read. */
function unreadable(source: WeightSource): WeightSource {
  const read = (): never => {
    throw new Error('read');
  };
  return { ...source, name: 'a large model', read, readRows: read };
}

async function refusal(call: () => unknown): Promise<MemoryLimitError> {
  const error = await (async () => call())().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MemoryLimitError);
  const { needed, available, message } = error as MemoryLimitError;
  expect(needed).toBeGreaterThan(available);
  expect(available).toBeGreaterThanOrEqual(0);
  expect(message).toContain(`${needed} bytes, but ${available}`);
  return error as MemoryLimitError;
}

describe('a model that does not fit', () => {
  it('is rejected with both numbers before anything is read: above 4 GB, in every format', async () => {
    for (const weights of ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'] as const) {
      const engine = await fusedWasm({ threads: 1, weights }).start();
      engines.push(engine);
      // 175 billion weights.
      const config = {
        ...tinyGPT2().config,
        vocabSize: 50257,
        width: 12288,
        layers: 96,
        heads: 96,
        intermediateSize: 49152,
      };
      const source = unreadable(seededWeights(gpt2, config));
      const { needed, available } = await refusal(() => createModel(engine, gpt2, config, source));
      const bytes = { f32: 4, f16: 2, '8-bit': 1, '8-bit-blocks': 1.0625, '4-bit-blocks': 0.5625 }[weights];
      expect(needed / (174.6e9 * bytes)).toBeCloseTo(1, 1);
      expect(available).toBeLessThanOrEqual(2 ** 32);
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    }
  });

  it('is rejected for one byte too many, and loaded when there is enough memory', async () => {
    const tiny = tinyGPT2() as TinyModel;
    const small = await start(1000);
    const { needed } = await refusal(() => load(small, { ...tiny, source: unreadable(tiny.source) }));
    // The available memory is the limit minus what the module itself uses.
    const { available } = await refusal(() => load(small, tiny));
    expect(available).toBe(0);
    const header = 4096;
    const tight = await start(needed + header);
    const model = await load(tight, tiny);
    expect(await logitsOf(model, [1, 2])).toHaveLength(2);
    const short = await start(needed + header - 1);
    expect((await refusal(() => load(short, tiny))).available).toBe(needed - 1);
  });

  it('leaves existing models and caches unchanged', async () => {
    const tiny = tinyLlama() as TinyModel;
    const alone = await start();
    const first = await load(alone, tiny);
    const bytes = alone.memory().bytes;
    const engine = await start(bytes + (3 << 20));
    const model = await load(engine, tiny);
    const cache = model.createCache();
    const [before, after] = [text(80), text(9, 60, 2)];
    await feed(model, cache, [before]);
    const held = engine.memory();
    await refusal(() => load(engine, { ...tinyGPT2({ vocabSize: 30011 }), name: 'large' } as TinyModel));
    expect(engine.memory()).toEqual(held);
    expect(await feed(model, cache, [after])).toEqual((await logitsOf(first, [...before, ...after])).slice(80));
    cache.dispose();
  });

  it('counts computed tables of relative positions', async () => {
    const config = t5.configure({ vocab_size: 40, d_model: 16, d_kv: 4, d_ff: 24, num_layers: 1, num_heads: 64 });
    const wide = t5.configure({
      vocab_size: 40,
      d_model: 16,
      d_kv: 4,
      d_ff: 24,
      num_layers: 1,
      num_heads: 64,
      n_positions: 65536,
    });
    const engine = await start(20e6);
    const held = engine.memory();
    const { needed } = await refusal(() =>
      createSequenceToSequence(engine, t5, wide, unreadable(seededWeights(t5, wide))),
    );
    // Two tables, of the encoder and the decoder: 64 heads, 131,073 offsets.
    expect(needed).toBeGreaterThan(2 * 64 * 131073 * 4);
    expect(engine.memory()).toEqual(held);
    const model = await createSequenceToSequence(engine, t5, config, seededWeights(t5, config));
    model.dispose();
  });
});

describe('loading that stops midway', () => {
  it.each(['a tensor that cannot be read', 'an abort'])('releases everything: %s', async (how) => {
    const tiny = tinyGPT2() as TinyModel;
    const engine = await start();
    const controller = new AbortController();
    let reads = 0;
    const source: WeightSource = {
      ...tiny.source,
      async read(name) {
        if (++reads === 9 && how !== 'an abort') throw new RangeError('planted');
        if (reads === 9) controller.abort();
        return tiny.source.read(name);
      },
    };
    const options: PrepareOptions = { signal: controller.signal };
    await expect(engine.prepare(tiny.architecture, tiny.config, source, options)).rejects.toThrow(/planted|abort/);
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    expect(await logitsOf(await load(engine, tiny), [3])).toHaveLength(1);
  });
});

describe('memory', () => {
  // Untouched pages cost nothing, so this is cheap. Addresses no longer fit in 31 bits.
  it.each([
    ['two', 2 ** 31 - 1e6],
    ['four', 2 ** 32 - 24e6],
  ])('gives the same bits on both sides of %s gigabytes', async (_, below) => {
    for (const weights of ['f32', '8-bit', '4-bit-blocks'] as const)
      for (const tiny of [tinyGPT2() as TinyModel, tinyLlama() as TinyModel]) {
        const results: Float32Array[][] = [];
        for (const taken of [0, below]) {
          const engine = await fusedWasm({ threads: 2, weights }).start();
          engines.push(engine);
          const hoard = taken === 0 ? undefined : engine.machine.heap.allocate('test', taken);
          const model = await load(engine, tiny);
          const cache = model.createCache({ rows: 2, kind: '8-bit' });
          const rows = await feed(model, cache, [text(80), text(9)]);
          cache.gather([1, 0, 1]);
          rows.push(...(await feed(model, cache, [[3], [4], [5]])));
          const result = model.forward([[1], [2], [3]], cache);
          const top = await result.logits.top!(3, [7]);
          for (const { values, named } of top) rows.push(values, named);
          result.dispose();
          const restored = model.restoreCache(await cache.serialize());
          rows.push(...(await feed(model, restored, [[6], [7], [8]])));
          results.push(rows);
          for (const each of [cache, restored]) each.dispose();
          model.dispose();
          if (hoard !== undefined) engine.machine.heap.release(hoard);
          await engine.dispose();
        }
        expect(results[1]).toEqual(results[0]);
      }
  });

  it('holds models that are loaded at the same time', async () => {
    const engine = await start();
    const both = [tinyGPT2() as TinyModel, tinyLlama() as TinyModel];
    const models = await Promise.all(both.map((tiny) => load(engine, tiny)));
    for (const [i, tiny] of both.entries()) {
      const alone = await start();
      expect(await logitsOf(models[i]!, text(9))).toEqual(await logitsOf(await load(alone, tiny), text(9)));
    }
  });
});

describe('a cache that does not fit', () => {
  const tiny = tinyGPT2() as TinyModel;
  /** Room for the model and a few blocks of 64 slots: 3 layers of 64 numbers, keys and values. */
  const blockBytes = 64 * 3 * 64 * 2 * 4;

  async function withBlocks(count: number): Promise<{ engine: Engine; model: LanguageModel }> {
    const probe = await start();
    await load(probe, tiny);
    const probed = probe.memory().bytes;
    // Loading requires room for staging, which is later free for caches and results.
    const engine = await start(probed + count * blockBytes + (2 << 20) + 65536);
    return { engine, model: await load(engine, tiny) };
  }

  it('is rejected before anything is written, and the cache stays usable', async () => {
    const { engine, model } = await withBlocks(2);
    const cache = model.createCache();
    await feed(model, cache, [text(70)]);
    const bytes = await cache.serialize();
    const other = model.createCache();
    await feed(model, other, [text(5)]);
    const held = engine.memory();
    const rows = model.createCache({ rows: 60 });
    await refusal(() =>
      model.forward(
        Array.from({ length: 60 }, () => [1]),
        rows,
      ),
    );
    rows.dispose();
    expect(engine.memory()).toEqual(held);
    expect(await cache.serialize()).toEqual(bytes);
    // Both caches continue as if the rejected call had not been made.
    expect(await feed(model, cache, [[4]])).toEqual((await logitsOf(model, [...text(70), 4])).slice(-1));
    expect(await feed(model, other, [[4]])).toEqual((await logitsOf(model, [...text(5), 4])).slice(-1));
    for (const each of [cache, other]) each.dispose();
  });

  it('keeps its rows when one of them cannot grow, and grows when there is room again', async () => {
    const { engine, model } = await withBlocks(1);
    const hoard = [];
    const cache = model.createCache({ rows: 2 });
    await feed(model, cache, [text(60), text(64, 60, 3)]);
    // Use up the remaining memory.
    for (;;) {
      const next = model.createCache();
      try {
        await feed(model, next, [[1]]);
        hoard.push(next);
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryLimitError);
        next.dispose();
        break;
      }
    }
    const held = engine.memory();
    // The second row needs another block, the first one does not.
    await refusal(() => model.forward([[1], [2]], cache));
    expect(cache.lengths).toEqual([60, 64]);
    expect(engine.memory()).toEqual(held);
    for (const each of hoard) each.dispose();
    const expected = [
      ...(await logitsOf(model, [...text(60), 1])),
      ...(await logitsOf(model, [...text(64, 60, 3), 2])),
    ];
    expect(await feed(model, cache, [[1], [2]])).toEqual([expected[60], expected.at(-1)]);
    cache.dispose();
  });

  it('is rejected on restore, and leaves nothing allocated', async () => {
    const roomy = await start();
    const large = await load(roomy, tiny);
    const rows = large.createCache({ rows: 40 });
    await feed(
      large,
      rows,
      Array.from({ length: 40 }, (_, i) => text(3, 60, i)),
    );
    const bytes = await rows.serialize();
    rows.dispose();
    const { engine, model } = await withBlocks(1);
    const held = engine.memory();
    await refusal(() => model.restoreCache(bytes));
    expect(engine.memory()).toEqual(held);
  });

  it('of sources is rejected as a whole', async () => {
    const config = bart.configure({
      vocab_size: 40,
      d_model: 32,
      max_position_embeddings: 128,
      encoder_layers: 1,
      decoder_layers: 2,
      encoder_attention_heads: 2,
      decoder_attention_heads: 2,
      encoder_ffn_dim: 48,
      decoder_ffn_dim: 48,
    });
    const weights = seededWeights(bart, config);
    const probe = await start();
    await createSequenceToSequence(probe, bart, config, weights);
    const engine = await start(probe.memory().bytes + (2 << 20) + 65536);
    const model = await createSequenceToSequence(engine, bart, config, weights);
    const held = engine.memory();
    const many = Array.from({ length: 100 }, (_, i) => [2 + (i % 30), 3, 1]);
    const error = await model.encode({ ids: many }).then(
      (bound) => bound.dispose(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(MemoryLimitError);
    expect(engine.memory()).toEqual(held);
    const bound = await model.encode({ ids: [[5, 6, 1]] });
    bound.dispose();
    expect(engine.memory()).toEqual(held);
  });
});
