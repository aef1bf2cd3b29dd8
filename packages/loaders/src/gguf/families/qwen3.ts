import { type GgufFamily, onSomeLayer } from './family.ts';
import {
  attentionMaps,
  biasesOf,
  gatedConfig,
  gatedTensors,
  ropeScaling,
  separateTensors,
  wholeHeads,
} from './gated.ts';

/** Qwen 3: norms of each head's queries and keys. */
export const qwen3: GgufFamily = {
  architecture: 'qwen3',

  async config(keys) {
    const shared = gatedConfig(keys);
    wholeHeads(keys, shared.head_dim);
    return {
      model_type: 'qwen3',
      ...shared,
      ...ropeScaling(keys),
      attention_bias: onSomeLayer(keys, biasesOf(attentionMaps)),
      use_sliding_window: false,
    };
  },

  tensors: () => ({
    ...gatedTensors,
    ...separateTensors,
    'blk.{}.attn_q_norm.weight': { name: 'model.layers.{}.self_attn.q_norm.weight' },
    'blk.{}.attn_k_norm.weight': { name: 'model.layers.{}.self_attn.k_norm.weight' },
  }),

  optionalBiases: (config) => (config.attention_bias === true ? attentionMaps : []),
};
