import type { Architecture } from '../engine/operations.ts';
import { readConfig, readHeadDim, readKvHeads } from './shared/config.ts';
import {
  forwardGated,
  type GatedConfig,
  type GatedWeights,
  gatedDimensions,
  headOfGated,
  requestGated,
} from './shared/gated-layers.ts';
import { readRotary } from './shared/rotary.ts';

export type Phi3Config = GatedConfig;

/**
 * Phi-3, 3.5 and 4 (Abdin et al. 2024): Llama's form with fused projections and, in later models, a part of each head turned.
 * Models with 'longrope' run up to `original_max_position_embeddings`, where the angles of the whole text would change.
 */
export const phi3: Architecture<Phi3Config, GatedWeights> = {
  name: 'phi3',

  configure(json) {
    const config = readConfig('phi3', json);
    config.mustBe('attention_bias', false);
    config.mustBe('mlp_bias', false);
    config.mustBe('lm_head_bias', false);
    config.mustBe('full_attn_mod', 1);
    config.mustBe('interpolate_factor', 1);
    const width = config.integer('hidden_size', 3072);
    const layers = config.layers('num_hidden_layers', 32);
    const heads = config.integer('num_attention_heads', 32);
    const headDim = readHeadDim(config, width, heads);
    const window = config.value('sliding_window') === undefined ? undefined : config.integer('sliding_window');
    return {
      vocabSize: config.integer('vocab_size', 32064),
      width,
      layers,
      heads,
      kvHeads: readKvHeads(config, heads),
      headDim,
      intermediateSize: config.integer('intermediate_size', 8192),
      epsilon: config.number('rms_norm_eps', 1e-5),
      activation: config.activation('hidden_act', 'silu'),
      ...readRotary(config, {
        headDim,
        contextLength: config.integer('max_position_embeddings', 4096),
        share: 1,
        original: 4096,
        types: ['default', 'longrope'],
      }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: false,
      fused: true,
      ...(window !== undefined && { windows: Array.from({ length: layers }, () => window) }),
    };
  },

  dimensions: gatedDimensions,
  parameters: requestGated,
  forward: forwardGated,
  head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
};
