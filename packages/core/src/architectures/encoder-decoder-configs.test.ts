import { describe, expect, it } from 'vitest';
import type { Architecture } from '../engine/operations.ts';
import { requestWeights } from '../engine/weight-requests.ts';
import { LoadError } from '../errors.ts';
import { seededWeights } from '../testing/seeded-weights.ts';
import { bart } from './bart.ts';
import { marian } from './marian.ts';
import { t5 } from './t5.ts';

/** The key that an error names. */
function refused(architecture: Architecture, json: Readonly<Record<string, unknown>>): string | undefined {
  try {
    architecture.configure(json);
  } catch (error) {
    expect(error).toBeInstanceOf(LoadError);
    return (error as LoadError).field;
  }
  return undefined;
}

describe('t5', () => {
  it('knows the published defaults', () => {
    expect(t5.configure({})).toEqual({
      vocabSize: 32128,
      contextLength: 512,
      width: 512,
      encoderLayers: 6,
      decoderLayers: 6,
      heads: 8,
      headDim: 64,
      intermediateSize: 2048,
      gated: false,
      activation: 'relu',
      epsilon: 1e-6,
      buckets: 32,
      maxDistance: 128,
      tied: true,
      scaledHead: true,
    });
  });

  it('reads the inner activation from either key', () => {
    const read = (json: Readonly<Record<string, unknown>>) => {
      const { gated, activation } = t5.configure(json);
      return [gated, activation];
    };
    expect(read({ feed_forward_proj: 'gated-gelu' })).toEqual([true, 'gelu-tanh']);
    expect(read({ feed_forward_proj: 'gated-silu' })).toEqual([true, 'silu']);
    expect(read({ feed_forward_proj: 'gelu' })).toEqual([false, 'gelu']);
    expect(read({ feed_forward_proj: 'gated-gelu', dense_act_fn: 'gelu' })).toEqual([true, 'gelu']);
  });

  it('takes the head of its own where there is one, scaled or not as saved', () => {
    const heads = (json: Readonly<Record<string, unknown>>, ownHead: boolean): [boolean, boolean] => {
      const config = t5.configure({
        ...json,
        num_layers: 1,
        d_model: 8,
        num_heads: 1,
        d_kv: 8,
        d_ff: 8,
        vocab_size: 9,
      });
      const source = seededWeights(t5, config);
      const withHead = {
        ...source,
        shape: (name: string) => (name === 'lm_head.weight' ? [9, 8] : source.shape(name)),
      };
      const { requests } = requestWeights(t5, config, ownHead ? withHead : source);
      const own = requests.some((request) => 'names' in request && request.names[0] === 'lm_head.weight');
      return [own, config.scaledHead];
    };
    expect(heads({}, false)).toEqual([false, true]);
    expect(heads({}, true)).toEqual([false, true]);
    expect(heads({ tie_word_embeddings: false }, true)).toEqual([true, false]);
    expect(heads({ scale_decoder_outputs: false }, true)).toEqual([true, false]);
    expect(heads({ scale_decoder_outputs: false }, false)).toEqual([false, false]);
  });

  it('refuses what it cannot compute', () => {
    expect(refused(t5, { feed_forward_proj: 'gated-tanh' })).toBe('dense_act_fn');
    expect(refused(t5, { feed_forward_proj: 3 })).toBe('feed_forward_proj');
    expect(refused(t5, { is_encoder_decoder: false })).toBe('is_encoder_decoder');
    expect(refused(t5, { relative_attention_num_buckets: 31 })).toBe('relative_attention_num_buckets');
    expect(refused(t5, { relative_attention_max_distance: 16 })).toBe('relative_attention_max_distance');
    expect(refused(t5, { num_heads: 0 })).toBe('num_heads');
  });
});

describe('bart', () => {
  it('knows the published defaults', () => {
    const stack = { layers: 12, heads: 16, intermediateSize: 4096 };
    expect(bart.configure({})).toEqual({
      vocabSize: 50265,
      contextLength: 1024,
      width: 1024,
      encoder: stack,
      decoder: stack,
      activation: 'gelu',
      embeddingScale: 1,
      tied: true,
    });
    expect(bart.configure({ scale_embedding: true }).embeddingScale).toBe(32);
  });

  it.each([
    ['normalize_before', true],
    ['normalize_embedding', false],
    ['add_final_layer_norm', true],
    ['add_bias_logits', true],
    ['static_position_embeddings', true],
    ['extra_pos_embeddings', 0],
    ['do_blenderbot_90_layernorm', true],
    ['is_encoder_decoder', false],
    ['activation_function', 'tanh'],
    ['decoder_attention_heads', 5],
  ])('refuses %s: %s', (key, value) => {
    expect(refused(bart, { [key]: value })).toBe(key);
  });

  it('asks for a bare model without the prefix of one with a head', () => {
    const config = bart.configure({ ...tinyStacks, vocab_size: 9 });
    const source = seededWeights(bart, config);
    const all = source.names();
    expect(all).toContain('shared.weight');
    expect(all).not.toContain('final_logits_bias');
    const prefixed = { ...source, shape: (name: string) => source.shape(name.replace(/^model\./, '')) };
    const { requests } = requestWeights(bart, config, prefixed);
    const names = requests.flatMap((request) => ('names' in request ? request.names : []));
    expect(names.every((name) => name.startsWith('model.'))).toBe(true);
  });

  it('finds the token table under any of its names', () => {
    const config = bart.configure({ ...tinyStacks, vocab_size: 9 });
    const source = seededWeights(bart, config);
    const name = 'decoder.embed_tokens.weight';
    const renamed = {
      ...source,
      shape: (asked: string) =>
        source.shape(asked === name ? 'shared.weight' : asked === 'shared.weight' ? 'none' : asked),
    };
    const { requests } = requestWeights(bart, config, renamed);
    expect(requests.some((request) => 'names' in request && request.names.includes(name))).toBe(true);
    expect(() => requestWeights(bart, config, { ...source, shape: () => undefined })).toThrow(/shared\.weight/);
  });
});

describe('marian', () => {
  it('computes its positions: sines, then cosines', () => {
    const config = marian.configure({ ...tinyStacks, vocab_size: 9, max_position_embeddings: 5 });
    const { requests } = requestWeights(marian, config, seededWeights(marian, config));
    const table = requests.find((request) => request.kind === 'table');
    expect(table).toMatchObject({ rows: 5, width: 4 });
    const values = table?.values().subarray(3 * 4, 4 * 4);
    expect([...(values ?? [])]).toEqual([Math.sin(3), Math.sin(0.03), Math.cos(3), Math.cos(0.03)].map(Math.fround));
  });

  it.each([
    ['normalize_embedding', true],
    ['static_position_embeddings', false],
    ['share_encoder_decoder_embeddings', 1],
    ['decoder_vocab_size', 5],
    ['add_final_layer_norm', true],
  ])('refuses %s: %s', (key, value) => {
    expect(refused(marian, { [key]: value })).toBe(key);
  });

  it('has a token table for each side when they do not share one, and ties the head to that of the outputs', () => {
    const json = { ...tinyStacks, vocab_size: 9, decoder_vocab_size: 7, share_encoder_decoder_embeddings: false };
    const config = marian.configure(json);
    expect([config.vocabSize, marian.dimensions(config).vocabSize, marian.sourceVocabSize?.(config)]).toEqual([
      7, 7, 9,
    ]);
    const tables = (tied: boolean): string[] => {
      const settings = { ...config, tied };
      const { requests } = requestWeights(marian, settings, seededWeights(marian, settings));
      return requests.flatMap((request) =>
        request.kind === 'matrix' && request.names.some((name) => /embed_tokens|shared|lm_head/.test(name))
          ? [`${request.names.join()} ${request.shape.outputs.join()}`]
          : [],
      );
    };
    const own = ['decoder.embed_tokens.weight 7', 'encoder.embed_tokens.weight 9'];
    expect(tables(true)).toEqual(own);
    expect(tables(false)).toEqual([...own, 'lm_head.weight 7']);
    // The sizes may be equal: the ids still mean other tokens.
    const equal = marian.configure({ ...json, decoder_vocab_size: null });
    expect([equal.vocabSize, equal.sourceVocabSize]).toEqual([9, 9]);
    expect(marian.configure({ ...tinyStacks, decoder_vocab_size: 58101 }).sourceVocabSize).toBeUndefined();
  });

  it('refuses an odd width', () => {
    expect(refused(marian, { d_model: 5, encoder_attention_heads: 1, decoder_attention_heads: 1 })).toBe('d_model');
  });
});

const tinyStacks = {
  d_model: 4,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 8,
  decoder_ffn_dim: 8,
};
