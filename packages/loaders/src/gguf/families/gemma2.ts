import type { GgufFamily } from './family.ts';
import { ropeScaling } from './gated.ts';
import { gemmaConfig, gemmaTensors, softcap } from './gemma.ts';

/** Gemma 2: soft caps; every other layer sees a window. */
export const gemma2: GgufFamily = {
  architecture: 'gemma2',

  async config(keys) {
    return {
      model_type: 'gemma2',
      ...gemmaConfig(keys, 46),
      ...ropeScaling(keys),
      attn_logit_softcapping: softcap(keys, 'attn_logit_softcapping'),
      final_logit_softcapping: softcap(keys, 'final_logit_softcapping'),
    };
  },

  tensors: () => gemmaTensors,
};
