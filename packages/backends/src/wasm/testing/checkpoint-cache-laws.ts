import { ContextLengthError, type Engine, type LanguageModel } from '@tokenwright/core';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { describe, expect, it } from 'vitest';
import { fusedWasm, type WeightFormat } from '../index.ts';
import { type Checkpoint, checkpoint } from './checkpoints.ts';
import { decoders, goldenTexts, translators } from './golden-texts.ts';
import { feed, logitsOf } from './logits.ts';

/**
 * On real checkpoints, every format gives the same bits however tokens are fed: in chunks, in a ragged batch, after
 * gather, truncate and fork, from a snapshot, and at the end of the context.
 */
export function describeCheckpointCaches(paths: readonly string[], formats: readonly WeightFormat[]): void {
  describe.each(paths)('%s', (path) => {
    const found = checkpoint(path);
    it.skipIf(found === undefined).each(formats)('%s: the same bits however tokens are fed', async (weights) => {
      const engine = await fusedWasm({ threads: 1, weights }).start();
      const { model, dispose } = await open(engine, found!);
      const before = engine.memory();
      const texts = goldenTexts(found!)
        .map(({ ids }) => ids.slice(0, Math.min(60, model.contextLength - 8)))
        .sort((a, b) => b.length - a.length);
      const [long, short] = [texts[0]!, texts.at(-1)!];
      const last = async (ids: readonly number[]): Promise<Float32Array> => (await logitsOf(model, ids)).at(-1)!;

      const whole = await logitsOf(model, long);
      for (const chunk of [1, 7]) expect(await logitsOf(model, long, chunk)).toEqual(whole);

      const cache = model.createCache({ rows: 3 });
      const middle = long.slice(0, -2);
      const together = await feed(model, cache, [long, short, middle]);
      expect(together).toEqual([...whole, ...(await logitsOf(model, short)), ...(await logitsOf(model, middle))]);
      const fork = cache.fork();
      cache.gather([1, 1, 0]);
      const [a, b, c] = [long[0]!, long[1]!, short[0]!];
      expect(await feed(model, cache, [[a], [b], [c]])).toEqual([
        await last([...short, a]),
        await last([...short, b]),
        await last([...long, c]),
      ]);
      const restored = model.restoreCache(await cache.serialize());
      expect(await feed(model, restored, [[c], [b], [a]])).toEqual(await feed(model, cache, [[c], [b], [a]]));
      cache.truncate([1, 0, long.length - 1]);
      expect(await feed(model, cache, [[a], [a, b], [c]])).toEqual([
        await last([short[0]!, a]),
        ...(await logitsOf(model, [a, b])),
        await last([...long.slice(0, -1), c]),
      ]);
      expect(await feed(model, fork, [[], [b], []])).toEqual([await last([...short, b])]);
      for (const each of [cache, fork, restored]) each.dispose();

      await fillContext(model, long);
      expect(engine.memory()).toEqual(before);
      dispose();
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
    });
  });
}

/** A language model; for a model with an encoder, its decoder over the source of the first golden text. */
async function open(engine: Engine, found: Checkpoint): Promise<{ model: LanguageModel; dispose: () => void }> {
  const { config, source } = found;
  const decoder = decoders[config.model_type as string];
  if (decoder !== undefined) {
    const model = await createModel(engine, decoder, decoder.configure(config), source);
    return { model, dispose: () => model.dispose() };
  }
  const architecture = translators[config.model_type as string]!;
  const whole = await createSequenceToSequence(engine, architecture, architecture.configure(config), source);
  const model = await whole.encode({ ids: [goldenTexts(found)[0]!.source!] });
  return {
    model,
    dispose() {
      model.dispose();
      whole.dispose();
    },
  };
}

/** Fill a context to the last position, in chunks and step by step, and check that one more token fails. */
async function fillContext(model: LanguageModel, ids: readonly number[]): Promise<void> {
  const text = Array.from({ length: model.contextLength }, (_, i) => ids[i % ids.length]!);
  const [chunks, steps] = [model.createCache(), model.createCache()];
  for (let at = 0; at < text.length - 1; at += 100)
    model.forward([text.slice(at, Math.min(at + 100, text.length - 1))], chunks, { scored: 0 }).dispose();
  for (const id of text.slice(0, -1)) model.forward([[id]], steps, { scored: 0 }).dispose();
  expect(await feed(model, chunks, [text.slice(-1)])).toEqual(await feed(model, steps, [text.slice(-1)]));
  expect(() => model.forward([[ids[0]!]], chunks)).toThrow(ContextLengthError);
  expect(chunks.lengths).toEqual([model.contextLength]);
  chunks.dispose();
  steps.dispose();
}
