import type { GgufFamily } from './family.ts';
import { gatedConfig, gatedTensors } from './gated.ts';

/** Phi-3, 3.5 and 4: fused projections; LongRoPE's divisors are tensors. */
export const phi3: GgufFamily = {
  architecture: 'phi3',

  async config(keys, tensor) {
    const shared = gatedConfig(keys);
    const window = keys.integer('attention.sliding_window', 0, 0);
    const short = await tensor('rope_factors_short.weight');
    const long = await tensor('rope_factors_long.weight');
    const original = keys.integer('rope.scaling.original_context_length', shared.max_position_embeddings as number);
    keys.mustBe('rope.scaling.type', 'none', 'longrope');
    if ((short === undefined) !== (long === undefined))
      keys.fail('rope.scaling.type', 'needs both rope_factors_short.weight and rope_factors_long.weight, or neither');
    const attention = keys.number('rope.scaling.attn_factor', 1);
    if (short === undefined && attention !== 1)
      keys.fail('rope.scaling.attn_factor', `must be 1 without rope_factors_short.weight, but is ${attention}`);
    return {
      model_type: 'phi3',
      ...shared,
      partial_rotary_factor: keys.integer('rope.dimension_count', shared.head_dim) / shared.head_dim,
      original_max_position_embeddings: original,
      ...(short === undefined
        ? {}
        : {
            rope_scaling: {
              type: 'longrope',
              short_factor: short,
              long_factor: long,
              // The file may name a length without a factor; then nothing is stretched.
              attention_factor: attention,
            },
          }),
      sliding_window: window === 0 ? null : window,
      attention_bias: false,
    };
  },

  tensors: () => ({
    ...gatedTensors,
    'blk.{}.attn_qkv.weight': { name: 'model.layers.{}.self_attn.qkv_proj.weight' },
    'blk.{}.ffn_up.weight': { name: 'model.layers.{}.mlp.gate_up_proj.weight' },
  }),

  beside: ['rope_factors_short.weight', 'rope_factors_long.weight'],
};
