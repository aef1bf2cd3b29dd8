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

export type LlamaConfig = GatedConfig;

/**
 * Llama 1 to 3 (Touvron et al. 2023, Grattafiori et al. 2024) and models of its form, such as SmolLM 1 and 2: RMS norms,
 * rotary positions, grouped-query attention, gated feed-forward blocks; biases where the configuration asks for them.
 */
export const llama: Architecture<LlamaConfig, GatedWeights> = {
  name: 'llama',

  configure(json) {
    const config = readConfig('llama', json);
    // The parts of a split product (`pretraining_tp`) add up to the same.
    config.mustBe('rope_interleaved', false);
    const width = config.integer('hidden_size', 4096);
    const heads = config.integer('num_attention_heads', 32);
    const headDim = readHeadDim(config, width, heads);
    const feedForwardBias = config.flag('mlp_bias', false);
    return {
      vocabSize: config.integer('vocab_size', 32000),
      width,
      layers: config.layers('num_hidden_layers', 32),
      heads,
      kvHeads: readKvHeads(config, heads),
      headDim,
      intermediateSize: config.integer('intermediate_size', 11008),
      epsilon: config.number('rms_norm_eps', 1e-6),
      activation: config.activation('hidden_act', 'silu'),
      ...readRotary(config, { headDim, contextLength: config.integer('max_position_embeddings', 2048) }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: config.flag('attention_bias', false),
      ...(feedForwardBias && { feedForwardBias }),
    };
  },

  dimensions: gatedDimensions,
  parameters: requestGated,
  forward: forwardGated,
  head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
};
