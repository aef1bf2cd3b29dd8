import { type Engine, generateBatch, type LanguageModel } from '@tokenwright/core';
import { bart, gemma2, llama } from '@tokenwright/core/architectures';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasWebgpu, startWebgpu } from './testing/start.ts';

const here = await hasWebgpu();
const json = {
  vocab_size: 97,
  max_position_embeddings: 700,
  hidden_size: 40,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 12,
  intermediate_size: 56,
  sliding_window: 8,
  query_pre_attn_scalar: 12,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
};
const prompt = Array.from({ length: 9 }, (_, i) => (i * 31 + 5) % 97);

describe.skipIf(!here)('the logits of a token have the same bits', () => {
  let engine: Engine;
  let model: LanguageModel;
  beforeAll(async () => {
    engine = await startWebgpu();
    const config = gemma2.configure(json);
    model = await createModel(engine, gemma2, config, seededWeights(gemma2, config));
  }, 120_000);
  afterAll(async () => {
    model.dispose();
    await engine.dispose();
  });

  /** Logits of the last token of row 0 after feeding `parts` in turn, with other rows beside it. */
  async function last(tokens: readonly number[], sizes: readonly number[], others: readonly number[][] = []) {
    const cache = model.createCache({ rows: 1 + others.length });
    let at = 0;
    let logits = new Float32Array();
    for (const size of sizes) {
      const result = model.forward([tokens.slice(at, at + size), ...others], cache);
      logits = (await result.logits.read([0])) as Float32Array<ArrayBuffer>;
      result.dispose();
      at += size;
    }
    cache.dispose();
    return logits;
  }

  it('in chunks of any size and beside any rows', async () => {
    const expected = await last(prompt, [9]);
    for (const sizes of [Array(9).fill(1), [3, 6], [4, 5]])
      expect(await last(prompt, sizes), `${sizes}`).toEqual(expected);
    expect(await last(prompt, [8, 1], [[1, 2, 3], ...Array(9).fill([5, 6])])).toEqual(expected);
  }, 300_000);

  it('in a long cache', async () => {
    // Longer than one share of a divided attention; a frame holds at most 256 tokens.
    const long = Array.from({ length: 260 }, (_, i) => (i * 31 + 5) % 97);
    const expected = await last(long, [130, 130]);
    expect(await last(long, [129, 130, 1])).toEqual(expected);
  }, 300_000);

  it('so a seed gives the same tokens', async () => {
    const tokens = async (prompts: readonly (readonly number[])[], prefillChunkSize = Infinity) => {
      const options = { maxNewTokens: 2, eosTokenIds: [], samplers: [], seed: 1683, prefillChunkSize };
      return (await generateBatch(model, prompts, options)).sequences[0]!.ids;
    };
    const expected = await tokens([prompt]);
    expect(await tokens([prompt], 1)).toEqual(expected);
    expect(await tokens([prompt, ...Array(3).fill([3, 4, 5])])).toEqual(expected);
  }, 300_000);
});

const small = {
  vocab_size: 97,
  max_position_embeddings: 64,
  hidden_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 64,
};

/** Logits of the last token of row 0 after feeding parts of the prompt in turn, with other rows beside it. */
async function lastLogits(
  model: LanguageModel,
  sizes: readonly number[],
  others: readonly (readonly number[])[] = [],
): Promise<Float32Array> {
  const cache = model.createCache({ rows: 1 + others.length });
  let at = 0;
  let logits: Float32Array = new Float32Array();
  for (const size of sizes) {
    const result = model.forward([prompt.slice(at, at + size), ...others], cache);
    logits = await result.logits.read([0]);
    result.dispose();
    at += size;
  }
  cache.dispose();
  return logits;
}

it.skipIf(!here).each([
  ['f16', 'f32'],
  ['8-bit', 'f32'],
  ['8-bit-blocks', 'f16'],
  ['4-bit-blocks', '8-bit'],
] as const)(
  'the logits of a token have the same bits with %s weights and an %s cache too',
  async (weights, kind) => {
    const engine = await startWebgpu({ weights, cache: kind });
    const config = llama.configure(small);
    const model = await createModel(engine, llama, config, seededWeights(llama, config));
    const expected = await lastLogits(model, [9]);
    for (const sizes of [Array(9).fill(1), [4, 5]]) expect(await lastLogits(model, sizes)).toEqual(expected);
    expect(await lastLogits(model, [8, 1], [[1, 2, 3], ...Array(5).fill([5, 6])])).toEqual(expected);
    model.dispose();
    await engine.dispose();
  },
  600_000,
);

it.skipIf(!here)(
  'a text has the same bits beside other texts in an encoder too',
  async () => {
    const engine = await startWebgpu();
    const config = bart.configure({
      vocab_size: 97,
      max_position_embeddings: 64,
      d_model: 32,
      encoder_layers: 1,
      decoder_layers: 1,
      encoder_attention_heads: 2,
      decoder_attention_heads: 2,
      encoder_ffn_dim: 48,
      decoder_ffn_dim: 48,
      activation_function: 'gelu',
    });
    const translator = await createSequenceToSequence(engine, bart, config, seededWeights(bart, config));
    const logits = async (texts: number[][], others: number[][] = []): Promise<Float32Array> => {
      const model = await translator.encode({ ids: texts });
      const received = await lastLogits(model, [2, 1], others);
      model.dispose();
      return received;
    };
    const text = [3, 14, 15, 92, 65, 35];
    const expected = await logits([text]);
    expect(await logits([text, [8, 9], [7, 9, 3, 2, 3, 8, 4, 6]], [[5, 6], [7]])).toEqual(expected);
    translator.dispose();
    await engine.dispose();
  },
  600_000,
);
