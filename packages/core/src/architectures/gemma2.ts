import type { Architecture } from '../engine/operations.ts';
import { readConfig, readSlidingLayers } from './shared/config.ts';
import {
  forwardGemma,
  type GemmaConfig,
  type GemmaWeights,
  gemmaDimensions,
  headOfGemma,
  readGemma,
  readSoftcap,
  requestGemma,
} from './shared/gemma-layers.ts';
import { readRotary } from './shared/rotary.ts';

/** Settings of a Gemma 2 model. */
export type Gemma2Config = GemmaConfig;

/**
 * Gemma 2 (Gemma Team 2024): norms before and after each block, dot products and logits bent by soft caps, layers that
 * alternate between a window and the whole text, embeddings multiplied by sqrt(width).
 */
export const gemma2: Architecture<Gemma2Config, GemmaWeights> = {
  name: 'gemma2',

  configure(json) {
    const config = readConfig('gemma2', json);
    const shared = readGemma(config);
    const { contextLength, ...rotary } = readRotary(config, {
      headDim: shared.headDim,
      contextLength: config.integer('max_position_embeddings', 8192),
    });
    const attentionSoftcap = readSoftcap(config, 'attn_logit_softcapping', 50);
    const finalSoftcap = readSoftcap(config, 'final_logit_softcapping', 30);
    return {
      ...shared,
      contextLength,
      headNorms: false,
      ...(attentionSoftcap !== undefined && { attentionSoftcap }),
      ...(finalSoftcap !== undefined && { finalSoftcap }),
      sliding: readSlidingLayers(config, shared.layers, (layer) => layer % 2 === 0),
      rotary,
      slidingRotary: rotary,
    };
  },

  dimensions: gemmaDimensions,
  parameters: (p, config, has) => requestGemma(p, config, has('model.embed_tokens.weight') ? 'model.' : ''),
  forward: forwardGemma,
  head: headOfGemma,
};
