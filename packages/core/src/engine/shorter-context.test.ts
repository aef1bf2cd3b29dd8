import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llama, marian } from '../entries/architectures.ts';
import { createModel, createSequenceToSequence } from '../entries/model.ts';
import { ContextLengthError } from '../errors.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { referenceEngine } from '../reference/index.ts';
import { seededWeights } from '../testing/index.ts';

const long = llama.configure({
  vocab_size: 31,
  max_position_embeddings: 131072,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 24,
});

async function logits(model: LanguageModel, cache: KVCache, ids: readonly number[]): Promise<Float32Array> {
  const result = model.forward([ids], cache, { scored: ids.length });
  try {
    return await result.logits.read();
  } finally {
    result.dispose();
  }
}

describe('a model with a shorter context', () => {
  let engine: Awaited<ReturnType<typeof referenceEngine>>;
  beforeAll(async () => {
    engine = await referenceEngine({ backend: 'cpu' });
  });
  afterAll(async () => {
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
  });

  it('holds angles only for its positions, and gives the same logits up to the last one', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => (i * 7) % 31);
    const results: { bytes: number; values: Float32Array }[] = [];
    for (const contextLength of [131072, 12]) {
      const model = await createModel(engine, llama, long, seededWeights(llama, long), { contextLength });
      const { bytes } = engine.memory();
      const cache = model.createCache();
      results.push({ bytes, values: await logits(model, cache, ids) });
      if (contextLength === 12) expect(() => model.forward([[1]], cache)).toThrow(ContextLengthError);
      cache.dispose();
      model.dispose();
    }
    expect(results[1]!.values).toEqual(results[0]!.values);
    // float32 angles of 8 dimensions.
    expect(results[0]!.bytes - results[1]!.bytes).toBe((131072 - 12) * 8 * 4);
  });

  it('still reads sources of the original length', async () => {
    const config = marian.configure({
      vocab_size: 31,
      max_position_embeddings: 64,
      d_model: 16,
      encoder_layers: 1,
      decoder_layers: 1,
      encoder_attention_heads: 2,
      decoder_attention_heads: 2,
      encoder_ffn_dim: 24,
      decoder_ffn_dim: 24,
      scale_embedding: true,
      decoder_start_token_id: 30,
      pad_token_id: 30,
      eos_token_id: 0,
    });
    const source = Array.from({ length: 60 }, (_, i) => (i * 5) % 31);
    const results: Float32Array[] = [];
    for (const contextLength of [64, 5]) {
      const weights = seededWeights(marian, config);
      const model = await createSequenceToSequence(engine, marian, config, weights, { contextLength });
      const bound = await model.encode({ ids: [source] });
      const cache = bound.createCache();
      results.push(await logits(bound, cache, [30, 4, 9, 2, 1]));
      cache.dispose();
      bound.dispose();
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });
});
