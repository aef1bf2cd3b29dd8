import type { JsonObject } from '../../sources/json.ts';
import type { GgufKeys } from '../file/keys.ts';
import { outside, type Published } from './family.ts';
import { gatedConfig, wholeHeads } from './gated.ts';

/** Gemma 2 and 3 alike. `largest`: layers of the model that divides the dot products by the width of its heads. */
export function gemmaConfig(keys: GgufKeys, largest: number): JsonObject {
  const { hidden_act: _, rope_scaling: __, ...shared } = gatedConfig(keys) as JsonObject & { head_dim: number };
  wholeHeads(keys, shared.head_dim as number);
  for (const key of ['attention.key_length_swa', 'attention.value_length_swa', 'rope.dimension_count_swa'])
    keys.mustBe(key, shared.head_dim as number);
  const [width, heads] = [shared.hidden_size as number, shared.num_attention_heads as number];
  return {
    ...shared,
    hidden_activation: 'gelu_pytorch_tanh',
    // The file does not hold it; llama.cpp, too, goes by the number of layers.
    query_pre_attn_scalar: shared.num_hidden_layers === largest ? width / heads : shared.head_dim,
    sliding_window: keys.integer('attention.sliding_window'),
    attention_bias: false,
  };
}

/** A cap, null for none. @param absent the cap of a file that lacks the key; 0 for none. */
export function softcap(keys: GgufKeys, key: string, absent: number): number | null {
  const cap = keys.number(key, absent);
  return cap === 0 ? null : cap;
}

/** GGUF has whole gains; Hugging Face's layout what is added to 1. */
function gain(name: string): Published {
  return { name: `${name}.weight`, plus: -1 };
}

/** Names of Gemma's tensors in a GGUF file, and their names in Hugging Face's layout. */
export const gemmaTensors: Readonly<Record<string, Published>> = {
  ...outside,
  'output_norm.weight': gain('model.norm'),
  'blk.{}.attn_norm.weight': gain('model.layers.{}.input_layernorm'),
  'blk.{}.attn_q.weight': { name: 'model.layers.{}.self_attn.q_proj.weight' },
  'blk.{}.attn_k.weight': { name: 'model.layers.{}.self_attn.k_proj.weight' },
  'blk.{}.attn_v.weight': { name: 'model.layers.{}.self_attn.v_proj.weight' },
  'blk.{}.attn_output.weight': { name: 'model.layers.{}.self_attn.o_proj.weight' },
  'blk.{}.attn_q_norm.weight': gain('model.layers.{}.self_attn.q_norm'),
  'blk.{}.attn_k_norm.weight': gain('model.layers.{}.self_attn.k_norm'),
  'blk.{}.post_attention_norm.weight': gain('model.layers.{}.post_attention_layernorm'),
  'blk.{}.ffn_norm.weight': gain('model.layers.{}.pre_feedforward_layernorm'),
  'blk.{}.ffn_gate.weight': { name: 'model.layers.{}.mlp.gate_proj.weight' },
  'blk.{}.ffn_up.weight': { name: 'model.layers.{}.mlp.up_proj.weight' },
  'blk.{}.ffn_down.weight': { name: 'model.layers.{}.mlp.down_proj.weight' },
  'blk.{}.post_ffw_norm.weight': gain('model.layers.{}.post_feedforward_layernorm'),
};
