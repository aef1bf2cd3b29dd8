import { type Architecture, requestWeights, type WeightSource } from '@tokenwright/core/engine';
import { seededWeights } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { architectureOf } from './checkpoint/families.ts';
import { readDefaults } from './generation-config.ts';
import type { JsonObject } from './sources/json.ts';
import { changed, changes, fuzzRuns, type Json } from './testing/mutations.ts';
import { allocatingAtMost, refusal } from './testing/survival.ts';

const gated = {
  vocab_size: 11,
  max_position_embeddings: 16,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  intermediate_size: 6,
  rms_norm_eps: 1e-5,
  hidden_act: 'silu',
  tie_word_embeddings: false,
};
const yarn = { rope_type: 'yarn', factor: 2, original_max_position_embeddings: 8, beta_fast: 3, beta_slow: 1 };
const llama3 = {
  rope_type: 'llama3',
  factor: 4,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8,
};
const gemma = {
  sliding_window: 4,
  query_pre_attn_scalar: 4,
  attn_logit_softcapping: null,
  final_logit_softcapping: 5,
  layer_types: ['sliding_attention', 'full_attention'],
};
const marian = {
  vocab_size: 11,
  max_position_embeddings: 16,
  d_model: 8,
  encoder_layers: 1,
  decoder_layers: 2,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 6,
  decoder_ffn_dim: 6,
  activation_function: 'swish',
};

/** One configuration of each family, and of each way to stretch rotary positions. */
const configs: readonly JsonObject[] = [
  {
    model_type: 'gpt2',
    vocab_size: 11,
    n_positions: 16,
    n_embd: 8,
    n_layer: 2,
    n_head: 2,
    activation_function: 'gelu_new',
  },
  {
    model_type: 'gpt_neo',
    vocab_size: 11,
    max_position_embeddings: 16,
    hidden_size: 8,
    num_layers: 2,
    num_heads: 2,
    window_size: 5,
    attention_types: [[['global', 'local'], 1]],
  },
  { model_type: 'gpt_neox', ...gated, rotary_pct: 0.5, rotary_emb_base: 100, use_parallel_residual: true },
  {
    model_type: 'opt',
    vocab_size: 11,
    max_position_embeddings: 16,
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    ffn_dim: 6,
    word_embed_proj_dim: 4,
    do_layer_norm_before: true,
    activation_function: 'relu',
  },
  { model_type: 'llama', ...gated, rope_theta: 100, attention_bias: true, rope_scaling: { type: 'linear', factor: 2 } },
  { model_type: 'llama', ...gated, rope_parameters: { rope_theta: 50, ...llama3 } },
  { model_type: 'mistral', ...gated, sliding_window: 5, rope_scaling: yarn },
  { model_type: 'qwen2', ...gated, use_sliding_window: true, sliding_window: 4, max_window_layers: 1 },
  { model_type: 'qwen3', ...gated, layer_types: ['full_attention', 'full_attention'] },
  {
    model_type: 'phi3',
    ...gated,
    original_max_position_embeddings: 8,
    rope_scaling: { type: 'longrope', short_factor: [1, 2], long_factor: [2, 4] },
  },
  { model_type: 'gemma2', ...gated, ...gemma },
  { model_type: 'gemma3_text', ...gated, ...gemma, rope_local_base_freq: 10, rope_theta: 100 },
  { model_type: 'gemma3', text_config: { ...gated, ...gemma } },
  {
    model_type: 't5',
    vocab_size: 11,
    n_positions: 16,
    d_model: 8,
    d_kv: 4,
    d_ff: 6,
    num_layers: 1,
    num_decoder_layers: 2,
    num_heads: 2,
    relative_attention_num_buckets: 8,
    feed_forward_proj: 'gated-gelu',
  },
  { model_type: 'bart', ...marian },
  { model_type: 'marian', ...marian },
  { model_type: 'marian', ...marian, share_encoder_decoder_embeddings: false, decoder_vocab_size: 9 },
];

const words = [
  ...new Set(configs.flatMap((config) => Object.keys(config))),
  ...configs.map((config) => config.model_type as string),
  'gelu',
  'relu',
  'yarn',
  'linear',
  'default',
  'dynamic',
  'local',
  'sliding_attention',
  'quantization_config',
  'rope_scaling',
  'factor',
];

/** Shapes that fit the configuration; nothing is read. */
function shapesOf(config: JsonObject): WeightSource {
  const architecture = architectureOf(config);
  return seededWeights(architecture, architecture.configure(config));
}

function prepared(config: JsonObject, source: WeightSource): void {
  const architecture: Architecture = architectureOf(config);
  const settings = architecture.configure(config);
  const dimensions = architecture.dimensions(settings);
  for (const [key, value] of Object.entries(dimensions)) expect(Number.isSafeInteger(value), key).toBe(true);
  requestWeights(architecture, settings, source);
}

it('accepts every right configuration', () => {
  for (const config of configs) prepared(config, shapesOf(config));
});

it('answers every changed config.json with a model that fits the tensors or an error', {
  timeout: 600_000,
}, async () => {
  const sources = configs.map(shapesOf);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: configs.length - 1 }), changes(words), async (i, all) => {
      const config = changed(configs[i] as Json, all) as JsonObject;
      const error = await refusal(() => allocatingAtMost(1 << 16, async () => prepared(config, sources[i]!)));
      if (error === undefined) return;
      refused++;
      expect(error.message).toMatch(/^(config\.json: .+: |seeded \S+: )/s);
    }),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 3);
});

it('answers every changed generation_config.json with defaults or an error that names the key', {
  timeout: 600_000,
}, async () => {
  const generation: Json = {
    bos_token_id: 1,
    eos_token_id: [2, 3],
    decoder_start_token_id: 0,
    forced_bos_token_id: 4,
    forced_eos_token_id: null,
    max_new_tokens: 20,
    max_length: 30,
    min_new_tokens: 1,
    min_length: 2,
    temperature: 0.7,
  };
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(changes(Object.keys(generation)), async (all) => {
      const json = changed(generation, all) as JsonObject;
      const error = await refusal(() => {
        const {
          eosTokenIds = [],
          decoderStartTokenIds = [],
          maxNewTokens = 0,
          maxLength = 0,
        } = readDefaults(json, {}, 10);
        for (const id of [...eosTokenIds, ...decoderStartTokenIds])
          expect(id >= 0 && id < 10 && Number.isInteger(id)).toBe(true);
        for (const count of [maxNewTokens, maxLength]) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
      });
      if (error === undefined) return;
      refused++;
      expect(error.message).toMatch(/^generation_config\.json: \w+: must be /);
    }),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 6);
});
