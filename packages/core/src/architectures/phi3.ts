import type { Architecture } from '../engine/operations.ts';
import { gatedArchitecture, readGatedConfig, sameWindow } from './shared/gated-config.ts';
import type { GatedConfig, GatedWeights } from './shared/gated-layers.ts';

/** Settings of a Phi-3 model. */
export type Phi3Config = GatedConfig;

/**
 * Phi-3, 3.5 and 4 (Abdin et al. 2024): Llama's form with fused projections; later models rotate a part of each head. Models with
 * 'longrope' have the long factors, unless they are loaded with a context of `original_max_position_embeddings` or less.
 */
export const phi3: Architecture<Phi3Config, GatedWeights> = gatedArchitecture('phi3', (config) => {
  config.mustBe('attention_bias', false);
  config.mustBe('mlp_bias', false);
  config.mustBe('lm_head_bias', false);
  config.mustBe('full_attn_mod', 1);
  config.mustBe('interpolate_factor', 1);
  const window = config.value('sliding_window') === undefined ? undefined : config.integer('sliding_window');
  const gated = readGatedConfig(config, {
    vocabSize: 32064,
    width: 3072,
    intermediateSize: 8192,
    contextLength: 4096,
    epsilon: 1e-5,
    rotary: { share: 1, original: 4096, types: ['default', 'longrope'] },
  });
  return { ...gated, attentionBias: false, fused: true, ...sameWindow(gated.layers, window) };
});
