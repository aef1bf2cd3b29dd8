import type { Architecture } from '../engine/operations.ts';
import { gatedArchitecture, readGatedConfig, sameWindow } from './shared/gated-config.ts';
import type { GatedConfig, GatedWeights } from './shared/gated-layers.ts';

/** Settings of a Mistral model. */
export type MistralConfig = GatedConfig;

/** Mistral (Jiang et al. 2023): Llama's form with a sliding window on every layer. */
export const mistral: Architecture<MistralConfig, GatedWeights> = gatedArchitecture('mistral', (config) => {
  config.mustBe('layer_types');
  const window = config.isNull('sliding_window') ? undefined : config.integer('sliding_window', 4096);
  const gated = readGatedConfig(config, {
    vocabSize: 32000,
    intermediateSize: 14336,
    contextLength: 131072,
    kvHeads: 8,
  });
  return { ...gated, attentionBias: false, ...sameWindow(gated.layers, window) };
});
