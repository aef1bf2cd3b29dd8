import type { Architecture } from '../engine/operations.ts';
import { gatedArchitecture, readGatedConfig } from './shared/gated-config.ts';
import type { GatedConfig, GatedWeights } from './shared/gated-layers.ts';

/** Settings of a Llama model. */
export type LlamaConfig = GatedConfig;

/**
 * Llama 1 to 3 (Touvron et al. 2023, Grattafiori et al. 2024) and models of the same form, such as SmolLM 1 and 2: RMS norms,
 * rotary positions, grouped-query attention, gated feed-forward blocks, and biases if the configuration has them.
 */
export const llama: Architecture<LlamaConfig, GatedWeights> = gatedArchitecture('llama', (config) => {
  // `pretraining_tp` is not read: the parts of a split product add up to the same.
  config.mustBe('rope_interleaved', false);
  const feedForwardBias = config.flag('mlp_bias', false);
  return {
    ...readGatedConfig(config, { vocabSize: 32000, intermediateSize: 11008, contextLength: 2048 }),
    attentionBias: config.flag('attention_bias', false),
    ...(feedForwardBias && { feedForwardBias }),
  };
});
