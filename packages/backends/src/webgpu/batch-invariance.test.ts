import { type Engine, type LanguageModel, ParameterError } from '@tokenwright/core';
import { gpt2 } from '@tokenwright/core/architectures';
import { createModel } from '@tokenwright/core/model';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWebgpu } from './index.ts';
import { hasWebgpu, startWebgpu } from './testing/start.ts';

const here = await hasWebgpu();
const prompt = Array.from({ length: 9 }, (_, i) => (i * 31 + 5) % 61);
/** Rows beside it, so that there are one to many tokens in a frame. */
const others = [[[7]], [[1, 2, 3], [4]], Array.from({ length: 9 }, (_, i) => [i, i + 1, i + 2, i + 3])];

it('batchInvariant is true or false', () => {
  expect(() => fusedWebgpu({ batchInvariant: 1 as never })).toThrow(ParameterError);
});

// Gated layers, windows, long caches and generated tokens: batch-invariance.full.test.ts.
describe.skipIf(!here)('without options, the logits of a row have the same bits', () => {
  let engine: Engine;
  let model: LanguageModel;
  beforeAll(async () => {
    engine = await startWebgpu();
    const small = gpt2.configure({ vocab_size: 61, n_positions: 64, n_embd: 24, n_layer: 1, n_head: 3 });
    model = await createModel(engine, gpt2, small, seededWeights(gpt2, small));
  }, 300_000);
  afterAll(async () => {
    model?.dispose();
    await engine?.dispose();
  });

  /** Logits of every token of row 0 after feeding its parts in turn, with other rows beside each of them. */
  async function logitsOf(sizes: readonly number[], rows: readonly (readonly number[])[] = []): Promise<Float32Array> {
    const cache = model.createCache({ rows: 1 + rows.length });
    const all = new Float32Array(prompt.length * model.vocabSize);
    let at = 0;
    for (const size of sizes) {
      const result = model.forward([prompt.slice(at, at + size), ...rows], cache, { scored: size });
      const first = Array.from({ length: size }, (_, i) => i);
      all.set(await result.logits.read(first), at * model.vocabSize);
      result.dispose();
      at += size;
    }
    cache.dispose();
    return all;
  }

  it('in chunks of any size', async () => {
    const expected = await logitsOf([9]);
    expect(expected.some((logit) => logit !== 0)).toBe(true);
    for (const sizes of [Array<number>(9).fill(1), [4, 5], [5, 1, 3], [8, 1]])
      expect(await logitsOf(sizes), `${sizes}`).toEqual(expected);
  }, 300_000);

  it('alone and beside other rows', async () => {
    const expected = await logitsOf([9]);
    for (const rows of others)
      for (const sizes of [[9], [6, 3]])
        expect(await logitsOf(sizes, rows), `${rows.length} rows, ${sizes}`).toEqual(expected);
  }, 300_000);
});
