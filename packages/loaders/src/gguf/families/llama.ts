import { both, type GgufFamily, onSomeLayer } from './family.ts';
import {
  attentionMaps,
  biasesOf,
  feedForwardMaps,
  gatedConfig,
  gatedTensors,
  ropeScaling,
  separateTensors,
  wholeHeads,
} from './gated.ts';

/**
 * Llama 1 to 3, SmolLM, Mistral without a window. Rotary positions turn neighboring dimensions, so that the rows of queries and
 * keys are in a different order than in Hugging Face's layout. Llama 3.1's scaling is a divisor for each pair, in `rope_freqs`.
 */
export const llama: GgufFamily = {
  architecture: 'llama',

  async config(keys, tensor) {
    const shared = gatedConfig(keys);
    wholeHeads(keys, shared.head_dim);
    const scaling = ropeScaling(keys);
    const divisors = await tensor('rope_freqs.weight');
    if (divisors !== undefined && 'rope_scaling' in scaling)
      keys.fail('rope.scaling.type', 'is given together with rope_freqs.weight; one of them is needed');
    return {
      model_type: 'llama',
      ...shared,
      ...scaling,
      ...(divisors === undefined
        ? {}
        : {
            rope_scaling: { rope_type: 'longrope', short_factor: divisors, long_factor: divisors, attention_factor: 1 },
          }),
      attention_bias: onSomeLayer(keys, biasesOf(attentionMaps)),
      mlp_bias: onSomeLayer(keys, biasesOf(feedForwardMaps)),
    };
  },

  tensors(config) {
    const [heads, kvHeads] = [config.num_attention_heads as number, config.num_key_value_heads as number];
    return {
      ...gatedTensors,
      ...separateTensors,
      ...both('blk.{}.attn_q', 'model.layers.{}.self_attn.q_proj', { order: (rows) => halvesFromPairs(rows, heads) }),
      ...both('blk.{}.attn_k', 'model.layers.{}.self_attn.k_proj', { order: (rows) => halvesFromPairs(rows, kvHeads) }),
    };
  },

  beside: ['rope_freqs.weight'],

  optionalBiases: (config) => [
    ...(config.attention_bias === true ? attentionMaps : []),
    ...(config.mlp_bias === true ? feedForwardMaps : []),
  ],
};

/** The rows of heads whose halves rotate together, in a file where neighbors rotate together. */
export function halvesFromPairs(rows: number, heads: number): readonly number[] {
  const headDim = rows / heads;
  return Array.from({ length: rows }, (_, row) => {
    const within = row % headDim;
    const half = within < headDim / 2 ? 0 : 1;
    return row - within + 2 * (within - (half * headDim) / 2) + half;
  });
}
