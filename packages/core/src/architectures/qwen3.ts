import type { Architecture } from '../engine/operations.ts';
import { readQwenWindows } from './qwen2.ts';
import { readConfig, readKvHeads } from './shared/config.ts';
import {
  forwardGated,
  type GatedConfig,
  type GatedWeights,
  gatedDimensions,
  headOfGated,
  requestGated,
} from './shared/gated-layers.ts';
import { readRotary } from './shared/rotary.ts';

export type Qwen3Config = GatedConfig;

/** Qwen 3 (Yang et al. 2025): Qwen 2's form without biases; each head's queries and keys pass a norm of their own. */
export const qwen3: Architecture<Qwen3Config, GatedWeights> = {
  name: 'qwen3',

  configure(json) {
    const config = readConfig('qwen3', json);
    const layers = config.layers('num_hidden_layers', 32);
    const heads = config.integer('num_attention_heads', 32);
    const headDim = config.integer('head_dim', 128);
    return {
      vocabSize: config.integer('vocab_size', 151936),
      width: config.integer('hidden_size', 4096),
      layers,
      heads,
      kvHeads: readKvHeads(config, heads, 32),
      headDim,
      intermediateSize: config.integer('intermediate_size', 22016),
      epsilon: config.number('rms_norm_eps', 1e-6),
      activation: config.activation('hidden_act', 'silu'),
      ...readRotary(config, { headDim, contextLength: config.integer('max_position_embeddings', 32768) }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: config.flag('attention_bias', false),
      headNorms: true,
      ...readQwenWindows(config, layers),
    };
  },

  dimensions: gatedDimensions,
  parameters: requestGated,
  forward: forwardGated,
  head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
};
