import type { Architecture } from '../engine/operations.ts';
import { type ConfigReader, readConfig, readHeadDim, readKvHeads, readSlidingLayers } from './shared/config.ts';
import {
  forwardGated,
  type GatedConfig,
  type GatedWeights,
  gatedDimensions,
  headOfGated,
  requestGated,
} from './shared/gated-layers.ts';
import { readRotary } from './shared/rotary.ts';

export type Qwen2Config = GatedConfig;

/** Qwen 2 and 2.5 (Yang et al. 2024): Llama's form with biases on queries, keys and values; later layers may see a window. */
export const qwen2: Architecture<Qwen2Config, GatedWeights> = {
  name: 'qwen2',

  configure(json) {
    const config = readConfig('qwen2', json);
    config.mustBe('use_mrope', false);
    const width = config.integer('hidden_size', 4096);
    const layers = config.layers('num_hidden_layers', 32);
    const heads = config.integer('num_attention_heads', 32);
    const headDim = readHeadDim(config, width, heads);
    return {
      vocabSize: config.integer('vocab_size', 151936),
      width,
      layers,
      heads,
      kvHeads: readKvHeads(config, heads, 32),
      headDim,
      intermediateSize: config.integer('intermediate_size', 22016),
      epsilon: config.number('rms_norm_eps', 1e-6),
      activation: config.activation('hidden_act', 'silu'),
      ...readRotary(config, { headDim, contextLength: config.integer('max_position_embeddings', 32768) }),
      tied: config.flag('tie_word_embeddings', false),
      attentionBias: true,
      outputBias: false,
      ...readQwenWindows(config, layers),
    };
  },

  dimensions: gatedDimensions,
  parameters: requestGated,
  forward: forwardGated,
  head: (op, weights, _config, hidden) => headOfGated(op, weights, hidden),
};

/** Layers from `max_window_layers` on see `sliding_window` tokens, but only with `use_sliding_window`. */
export function readQwenWindows(config: ConfigReader, layers: number): Pick<GatedConfig, 'windows'> {
  const used = config.flag('use_sliding_window', false) && !config.isNull('sliding_window');
  // Unlike other sizes this one may be 0: all layers.
  const first = config.number('max_window_layers', 28);
  const sliding = readSlidingLayers(config, layers, (layer) => used && layer >= first);
  if (!sliding.includes(true)) return {};
  if (!used) config.fail('layer_types', 'names sliding layers, but use_sliding_window is off');
  const window = config.integer('sliding_window', 4096);
  return { windows: sliding.map((slides) => (slides ? window : undefined)) };
}
