import type { Architecture } from '../engine/operations.ts';
import { readQwenWindows } from './qwen2.ts';
import { gatedArchitecture, readGatedConfig } from './shared/gated-config.ts';
import type { GatedConfig, GatedWeights } from './shared/gated-layers.ts';

/** Settings of a Qwen 3 model. */
export type Qwen3Config = GatedConfig;

/** Qwen 3 (Yang et al. 2025): Qwen 2's form without biases, with an RMS norm on the queries and keys of each head. */
export const qwen3: Architecture<Qwen3Config, GatedWeights> = gatedArchitecture('qwen3', (config) => {
  const gated = readGatedConfig(config, {
    vocabSize: 151936,
    intermediateSize: 22016,
    contextLength: 32768,
    kvHeads: 32,
    headDim: 128,
  });
  return {
    ...gated,
    attentionBias: config.flag('attention_bias', false),
    headNorms: true,
    ...readQwenWindows(config, gated.layers),
  };
});
