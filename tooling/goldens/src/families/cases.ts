import {
  gemma2,
  gemma3,
  gemma3Text,
  gptNeo,
  gptNeoX,
  llama,
  mistral,
  opt,
  phi3,
  qwen2,
  qwen3,
} from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import type { Family, Json } from './plain/arithmetic.ts';
import { gemma2 as gemma2Form } from './plain/gemma2.ts';
import { gemma3 as gemma3Form, gemma3Text as gemma3TextForm } from './plain/gemma3.ts';
import { gptNeo as gptNeoForm } from './plain/gpt-neo.ts';
import { gptNeoX as gptNeoXForm } from './plain/gpt-neox.ts';
import { llama as llamaForm } from './plain/llama.ts';
import { mistral as mistralForm } from './plain/mistral.ts';
import { opt as optForm } from './plain/opt.ts';
import { phi3 as phi3Form } from './plain/phi3.ts';
import { qwen2 as qwen2Form } from './plain/qwen2.ts';
import { qwen3 as qwen3Form } from './plain/qwen3.ts';

/** A small model of a family, with sizes that are not multiples of a vector width. */
export interface FamilyCase {
  readonly name: string;
  readonly architecture: Architecture;
  readonly form: Family;
  readonly config: Json;
  /** The published name of a tensor of a model without a head. */
  published(name: string): string;
  /** Other values of options that must change the logits by more than rounding, which shows that the case tests them. */
  readonly matters: readonly Json[];
}

const gated = {
  vocab_size: 61,
  max_position_embeddings: 48,
  hidden_size: 28,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 39,
};
const gptNeoConfig = {
  vocab_size: 59,
  max_position_embeddings: 48,
  hidden_size: 30,
  num_layers: 4,
  num_heads: 5,
  window_size: 5,
  attention_types: [
    [['global', 'local'], 1],
    [['local'], 2],
  ],
};
const gptNeoXConfig = {
  vocab_size: 53,
  max_position_embeddings: 48,
  hidden_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 50,
  rotary_pct: 0.5,
};
const optConfig = {
  vocab_size: 57,
  max_position_embeddings: 48,
  hidden_size: 30,
  num_hidden_layers: 2,
  num_attention_heads: 5,
  ffn_dim: 44,
};
const gemma2Config = {
  ...gated,
  head_dim: 10,
  sliding_window: 5,
  query_pre_attn_scalar: 7,
  attn_logit_softcapping: 1.5,
  final_logit_softcapping: 4,
};
const gemma3Config = {
  ...gated,
  num_hidden_layers: 4,
  head_dim: 10,
  sliding_window: 5,
  sliding_window_pattern: 3,
  query_pre_attn_scalar: 7,
  rope_theta: 50,
  rope_local_base_freq: 9,
  rope_scaling: { rope_type: 'linear', factor: 3 },
};
const llama3Scaling = {
  rope_type: 'llama3',
  factor: 4,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 24,
};
const yarnScaling = { type: 'yarn', factor: 4, original_max_position_embeddings: 24, beta_fast: 3 };

const family = (
  architecture: unknown,
  form: Family,
  published: (name: string) => string,
): ((name: string, config: Json, matters?: readonly Json[]) => FamilyCase) => {
  const known = architecture as Architecture;
  return (name, config, matters = []) => ({
    name: `${known.name}${name === '' ? '' : `, ${name}`}`,
    architecture: known,
    form,
    config: { model_type: known.name, ...config },
    published,
    matters,
  });
};
const withHead = (prefix: string, head: string) => (name: string) => (name === head ? name : `${prefix}${name}`);
const ofLlama = family(llama, llamaForm, withHead('model.', 'lm_head.weight'));
const ofMistral = family(mistral, mistralForm, withHead('model.', 'lm_head.weight'));
const ofQwen2 = family(qwen2, qwen2Form, withHead('model.', 'lm_head.weight'));
const ofQwen3 = family(qwen3, qwen3Form, withHead('model.', 'lm_head.weight'));
const ofPhi3 = family(phi3, phi3Form, withHead('model.', 'lm_head.weight'));
const ofGPTNeo = family(gptNeo, gptNeoForm, withHead('transformer.', 'lm_head.weight'));
const ofGPTNeoX = family(gptNeoX, gptNeoXForm, withHead('gpt_neox.', 'embed_out.weight'));
const ofOPT = family(opt, optForm, (name) => `model.${name}`);
const ofGemma2 = family(gemma2, gemma2Form, withHead('model.', 'lm_head.weight'));
const ofGemma3Text = family(gemma3Text, gemma3TextForm, withHead('model.', 'lm_head.weight'));
const ofGemma3 = family(gemma3, gemma3Form, (name) => name);

export const familyCases: readonly FamilyCase[] = [
  ofLlama('', { ...gated, head_dim: 10 }, [{ rope_theta: 500 }, { hidden_act: 'relu' }]),
  ofLlama(
    'multi-query with all biases',
    { ...gated, hidden_size: 40, num_key_value_heads: 1, attention_bias: true, mlp_bias: true },
    [{ attention_bias: false }, { mlp_bias: false }],
  ),
  ofLlama('tied as SmolLM', { ...gated, num_attention_heads: 7, num_key_value_heads: 7, tie_word_embeddings: true }),
  ofLlama('linear scaling', { ...gated, head_dim: 10, rope_scaling: { type: 'linear', factor: 2.5 } }, [
    { rope_scaling: null },
  ]),
  ofLlama('dynamic scaling', { ...gated, head_dim: 10, rope_scaling: { type: 'dynamic', factor: 2 } }),
  ofLlama('llama3 scaling', { ...gated, head_dim: 16, rope_theta: 50, rope_scaling: llama3Scaling }, [
    { rope_scaling: null },
    { rope_scaling: { type: 'linear', factor: 4 } },
    { rope_scaling: { ...llama3Scaling, high_freq_factor: 1.5 } },
  ]),
  ofLlama('yarn scaling', { ...gated, head_dim: 16, rope_theta: 50, rope_scaling: yarnScaling }, [
    { rope_scaling: null },
    { rope_scaling: { ...yarnScaling, attention_factor: 1 } },
    { rope_scaling: { ...yarnScaling, beta_slow: 2 } },
    { rope_scaling: { ...yarnScaling, truncate: false } },
  ]),
  ofLlama(
    'yarn scaling with all options',
    {
      ...gated,
      head_dim: 16,
      rope_parameters: {
        rope_type: 'yarn',
        rope_theta: 60,
        factor: 3,
        original_max_position_embeddings: 16,
        beta_fast: 2,
        beta_slow: 0.5,
        mscale: 0.9,
        mscale_all_dim: 0.4,
        truncate: false,
      },
    },
    [{ rope_parameters: { rope_theta: 60 } }],
  ),
  ofMistral('', { ...gated, head_dim: 10, sliding_window: 6 }, [{ sliding_window: 7 }, { sliding_window: null }]),
  ofMistral('without a window', {
    ...gated,
    hidden_size: 40,
    sliding_window: null,
    num_key_value_heads: 4,
    rope_theta: 20,
  }),
  ofQwen2('', { ...gated, num_attention_heads: 2, num_key_value_heads: 1, sliding_window: 6 }),
  ofQwen2(
    'with windows',
    { ...gated, num_attention_heads: 2, sliding_window: 6, use_sliding_window: true, max_window_layers: 1 },
    [{ max_window_layers: 2 }, { use_sliding_window: false }, { sliding_window: 5 }],
  ),
  ofQwen3('', { ...gated, head_dim: 10, tie_word_embeddings: true }),
  ofQwen3(
    'with biases and windows',
    {
      ...gated,
      head_dim: 10,
      attention_bias: true,
      use_sliding_window: true,
      sliding_window: 4,
      layer_types: ['full_attention', 'sliding_attention', 'full_attention'],
    },
    [{ attention_bias: false }, { sliding_window: 5 }],
  ),
  ofPhi3('', { ...gated, num_attention_heads: 2, num_key_value_heads: 1, sliding_window: 6 }, [
    { sliding_window: null },
    { sliding_window: 5 },
  ]),
  ofPhi3(
    'longrope of a part of each head',
    {
      ...gated,
      hidden_size: 32,
      max_position_embeddings: 96,
      original_max_position_embeddings: 40,
      partial_rotary_factor: 0.75,
      rope_scaling: { type: 'longrope', short_factor: [1, 1.5, 2.5], long_factor: [2, 4, 8] },
    },
    [{ rope_scaling: null }, { max_position_embeddings: 40 }],
  ),
  ofGPTNeo('', gptNeoConfig, [{ window_size: 6 }, { attention_types: [[['global'], 4]] }]),
  ofGPTNeo('another inner size and activation', {
    ...gptNeoConfig,
    intermediate_size: 43,
    activation_function: 'gelu',
  }),
  ofGPTNeoX('', gptNeoXConfig, [{ use_parallel_residual: false }, { rotary_pct: 0.34 }, { rotary_emb_base: 50 }]),
  ofGPTNeoX('one block after the other, without biases', {
    ...gptNeoXConfig,
    use_parallel_residual: false,
    attention_bias: false,
    rotary_pct: 1,
  }),
  ofOPT('', optConfig, [{ activation_function: 'gelu' }, { _remove_final_layer_norm: true }]),
  ofOPT('norms after blocks and a narrow token table', {
    ...optConfig,
    do_layer_norm_before: false,
    word_embed_proj_dim: 14,
  }),
  ofOPT('without biases and final norm', { ...optConfig, enable_bias: false, _remove_final_layer_norm: true }),
  ofGemma2('', gemma2Config, [
    { sliding_window: 6 },
    { attn_logit_softcapping: null },
    { final_logit_softcapping: null },
    { query_pre_attn_scalar: 10 },
  ]),
  ofGemma2('without caps', { ...gemma2Config, attn_logit_softcapping: null, final_logit_softcapping: null }),
  ofGemma3Text('', gemma3Config, [
    { sliding_window: 6 },
    { sliding_window_pattern: 2 },
    { rope_theta: 60 },
    { rope_local_base_freq: 10 },
    { rope_scaling: null },
    { final_logit_softcapping: 4 },
  ]),
  ofGemma3Text('options by kind of layer', {
    ...gated,
    head_dim: 10,
    sliding_window: 5,
    query_pre_attn_scalar: 7,
    final_logit_softcapping: 4,
    layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
    rope_parameters: {
      full_attention: { rope_type: 'linear', factor: 2, rope_theta: 70 },
      sliding_attention: { rope_type: 'default', rope_theta: 8 },
    },
  }),
  ofGemma3('', { text_config: { model_type: 'gemma3_text', ...gemma3Config } }),
];
