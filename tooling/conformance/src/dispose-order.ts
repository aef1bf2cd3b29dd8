import * as tf from '@tensorflow/tfjs-core';
import { DisposedError, type Engine, type KVCache, type LanguageModel } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';
import { demoModel } from '@tokenwright/demo-model';
import { loadSequenceToSequence } from '@tokenwright/loaders';
import { expect, it } from 'vitest';

type Named = readonly [name: string, thing: { dispose(): void | Promise<void> }];

/** Orders in which each part comes once before and once after each of the others. */
function orders(parts: readonly string[]): string[][] {
  const turned = [...parts.slice(1), parts[0]!];
  return [parts, parts.toReversed(), turned, turned.toReversed()].map((order) => [...order]);
}

async function tinyModel(engine: Engine): Promise<LanguageModel> {
  const { architecture, config } = tinyModels[0]!;
  return createModel(engine, architecture, config, seededWeights(architecture, config));
}

function feed(model: LanguageModel, cache: KVCache): { dispose(): void } {
  return model.forward([[1, 2, 3]], cache);
}

/** Models, caches and their engine may be disposed in any order; using a disposed one is an error, and nothing stays allocated. */
export function disposeOrderCases(start: () => Promise<Engine>): void {
  it.each(orders(['engine', 'model', 'cache', 'fork', 'result']))(
    'may dispose %s, %s, %s, %s, %s',
    async (...order) => {
      const tensors = tf.memory().numTensors;
      const engine = await start();
      const model = await tinyModel(engine);
      const cache = model.createCache();
      const things = new Map<string, Named[1]>([
        ['engine', engine],
        ['model', model],
        ['cache', cache],
        ['result', feed(model, cache)],
        ['fork', cache.fork()],
      ]);
      for (const name of order) await things.get(name)!.dispose();
      for (const name of order) await things.get(name)!.dispose();
      expect(engine.memory()).toMatchObject({ bytes: 0 });
      expect(tf.memory().numTensors).toBe(tensors);
    },
  );

  it('disposes the caches of a model with the model, and refuses their use afterwards', async () => {
    await using engine = await start();
    const empty = engine.memory();
    const model = await tinyModel(engine);
    const cache = model.createCache();
    feed(model, cache).dispose();
    const fork = cache.fork();
    model.dispose();
    expect(engine.memory()).toEqual(empty);
    expect(() => fork.truncate([1])).toThrow(DisposedError);
    expect(() => feed(model, cache)).toThrow(DisposedError);
    expect(() => model.createCache()).toThrow(DisposedError);
  });

  it('leaves one model usable when another is disposed', async () => {
    await using engine = await start();
    using kept = await tinyModel(engine);
    using cache = kept.createCache();
    {
      using other = await tinyModel(engine);
      feed(other, other.createCache()).dispose();
    }
    const result = kept.forward([[1, 2, 3]], cache);
    expect((await result.logits.read()).every(Number.isFinite)).toBe(true);
    result.dispose();
  });

  it('refuses a model and new models once the engine is disposed', async () => {
    const engine = await start();
    const model = await tinyModel(engine);
    const cache = model.createCache();
    await engine.dispose();
    expect(() => feed(model, cache)).toThrow(DisposedError);
    expect(() => model.createCache()).toThrow(DisposedError);
    await expect(tinyModel(engine)).rejects.toThrow(DisposedError);
    cache.dispose();
    model.dispose();
  });

  it.each(orders(['engine', 'loaded', 'bound', 'cache']))(
    'may dispose a translator by %s, %s, %s, %s',
    async (...order) => {
      const tensors = tf.memory().numTensors;
      const engine = await start();
      const loaded = await loadSequenceToSequence(demoModel('translate'), { engine });
      const bound = await loaded.sequenceToSequence.encode({ ids: [5, 6, 2] });
      const cache = bound.createCache();
      bound.forward([[2]], cache).dispose();
      const things = new Map<string, Named[1]>(Object.entries({ engine, loaded, bound, cache }));
      for (const name of order) await things.get(name)!.dispose();
      for (const name of order) await things.get(name)!.dispose();
      expect(engine.memory()).toMatchObject({ bytes: 0 });
      expect(tf.memory().numTensors).toBe(tensors);
    },
  );
}
