import type { Architecture } from '../engine/operations.ts';
import { type ConfigReader, readSlidingLayers } from './shared/config.ts';
import { gatedArchitecture, readGatedConfig } from './shared/gated-config.ts';
import type { GatedConfig, GatedWeights } from './shared/gated-layers.ts';

/** Settings of a Qwen 2 model. */
export type Qwen2Config = GatedConfig;

/** Qwen 2 and 2.5 (Yang et al. 2024): Llama's form with biases on queries, keys and values. Later layers may have a sliding window. */
export const qwen2: Architecture<Qwen2Config, GatedWeights> = gatedArchitecture('qwen2', (config) => {
  config.mustBe('use_mrope', false);
  const gated = readGatedConfig(config, {
    vocabSize: 151936,
    intermediateSize: 22016,
    contextLength: 32768,
    kvHeads: 32,
  });
  return { ...gated, attentionBias: true, outputBias: false, ...readQwenWindows(config, gated.layers) };
});

/** The sliding windows of Qwen: on the layers from `max_window_layers` on, and only with `use_sliding_window`. */
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
