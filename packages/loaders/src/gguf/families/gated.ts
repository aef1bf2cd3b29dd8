import type { JsonObject } from '../../sources/json.ts';
import type { GgufKeys } from '../file/keys.ts';
import { both, outside, type Published } from './family.ts';

/** What Llama, Qwen and Phi-3 say alike. */
export function gatedConfig(keys: GgufKeys): JsonObject & { readonly head_dim: number } {
  const width = keys.integer('embedding_length');
  const heads = keys.integerOfLayers('attention.head_count');
  const headDim = keys.integer('attention.key_length', width / heads);
  keys.mustBe('attention.value_length', headDim);
  keys.mustBe('attention.causal', true);
  keys.mustBe('expert_count', 0);
  keys.mustBe('expert_used_count', 0);
  keys.mustBe('use_parallel_residual', false);
  // How the converter that wrote the file read its own source, and the same number under another name.
  keys.ignore('tensor_data_layout', 'rope.scaling.finetuned');
  return {
    ...vocabulary(keys),
    hidden_size: width,
    num_hidden_layers: keys.integer('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keys.integerOfLayers('attention.head_count_kv', heads),
    head_dim: headDim,
    intermediate_size: keys.integerOfLayers('feed_forward_length'),
    rms_norm_eps: keys.number('attention.layer_norm_rms_epsilon'),
    hidden_act: 'silu',
    max_position_embeddings: keys.integer('context_length'),
    rope_theta: keys.number('rope.freq_base', 10000),
    tie_word_embeddings: !keys.file.tensors.has('output.weight'),
  };
}

/** As many tokens as the table of embeddings has rows. */
export function vocabulary(keys: GgufKeys): { readonly vocab_size: number } {
  const shape = keys.file.tensors.get('token_embd.weight')?.shape;
  const rows = shape?.[0];
  // A missing table is reported with the other tensors.
  if (rows === undefined || rows === 0) return { vocab_size: keys.integer('vocab_size', 1) };
  keys.mustBe('vocab_size', rows);
  return { vocab_size: rows };
}

/** All of each head is turned. */
export function wholeHeads(keys: GgufKeys, headDim: number): void {
  keys.mustBe('rope.dimension_count', headDim);
}

/** Linear and YaRN scaling of rotary positions, as `rope_scaling`; nothing when there is none. */
export function ropeScaling(keys: GgufKeys): JsonObject {
  const older = keys.has('rope.scale_linear') ? keys.number('rope.scale_linear') : 1;
  const type = keys.text('rope.scaling.type') ?? (older === 1 ? 'none' : 'linear');
  if (type !== 'yarn') {
    keys.mustBe('rope.scaling.attn_factor', 1);
    keys.ignore('rope.scaling.original_context_length');
  }
  if (type === 'none') {
    keys.mustBe('rope.scaling.factor', 1, 0);
    return {};
  }
  if (type === 'linear')
    return { rope_scaling: { rope_type: 'linear', factor: keys.number('rope.scaling.factor', older) } };
  if (type !== 'yarn') keys.fail('rope.scaling.type', `"${type}" is not supported; supported: none, linear, yarn`);
  const factor = keys.number('rope.scaling.factor');
  keys.mustBe('rope.scaling.yarn_ext_factor', 1, -1);
  const magnitude = factor <= 1 ? 1 : 1 + 0.1 * Math.log(factor);
  return {
    rope_scaling: {
      rope_type: 'yarn',
      factor,
      original_max_position_embeddings: keys.integer('rope.scaling.original_context_length'),
      // The converter writes `attention_factor` of config.json under the second name.
      attention_factor:
        keys.number('rope.scaling.attn_factor', 1) * keys.number('rope.scaling.yarn_attn_factor', magnitude),
      beta_fast: keys.number('rope.scaling.yarn_beta_fast', 32),
      beta_slow: keys.number('rope.scaling.yarn_beta_slow', 1),
    },
  };
}

/** The linear maps of attention, and of the feed-forward block. */
export const attentionMaps: readonly string[] = ['q', 'k', 'v', 'output'].map((part) => `blk.{}.attn_${part}`);
export const feedForwardMaps: readonly string[] = ['gate', 'up', 'down'].map((part) => `blk.{}.ffn_${part}`);

/** The names of the biases of linear maps. */
export function biasesOf(maps: readonly string[]): readonly string[] {
  return maps.map((map) => `${map}.bias`);
}

/** Tensors that Llama, Qwen and Phi-3 name alike. */
export const gatedTensors: Readonly<Record<string, Published>> = {
  ...outside,
  'blk.{}.attn_norm.weight': { name: 'model.layers.{}.input_layernorm.weight' },
  ...both('blk.{}.attn_output', 'model.layers.{}.self_attn.o_proj'),
  'blk.{}.ffn_norm.weight': { name: 'model.layers.{}.post_attention_layernorm.weight' },
  ...both('blk.{}.ffn_down', 'model.layers.{}.mlp.down_proj'),
};

/** Queries, keys, values, gate and up, each in a tensor of its own. */
export const separateTensors: Readonly<Record<string, Published>> = {
  ...both('blk.{}.attn_q', 'model.layers.{}.self_attn.q_proj'),
  ...both('blk.{}.attn_k', 'model.layers.{}.self_attn.k_proj'),
  ...both('blk.{}.attn_v', 'model.layers.{}.self_attn.v_proj'),
  ...both('blk.{}.ffn_gate', 'model.layers.{}.mlp.gate_proj'),
  ...both('blk.{}.ffn_up', 'model.layers.{}.mlp.up_proj'),
};
