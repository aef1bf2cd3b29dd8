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

export type MistralConfig = GatedConfig;

/** Mistral (Jiang et al. 2023): Llama's form, each layer of which sees a window of the text. */
export const mistral: Architecture<MistralConfig, GatedWeights> = {
  name: 'mistral',

  configure(json) {
    const config = readConfig('mistral', json);
    config.mustBe('layer_types');
    const width = config.integer('hidden_size', 4096);
    const layers = config.layers('num_hidden_layers', 32);
    const heads = config.integer('num_attention_heads', 32);
    const headDim = readHeadDim(config, width, heads);
    const window = config.isNull('sliding_window') ? undefined : config.integer('sliding_window', 4096);
    return {
      vocabSize: config.integer('vocab_size', 32000),
      width,
      layers,
      heads,
      kvHeads: readKvHeads(config, heads, 8),
      headDim,
      intermediateSize: config.integer('intermediate_size', 14336),
      epsilon: config.number('rms_norm_eps', 1e-6),
      activation: config.activation('hidden_act', 'silu'),
      ...readRotary(config, { headDim, contextLength: config.integer('max_position_embeddings', 131072) }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: false,
      ...(window !== undefined && { windows: Array.from({ length: layers }, () => window) }),
    };
  },

  dimensions: gatedDimensions,
  parameters: requestGated,
  forward: forwardGated,
  head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
};
