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
      // Where the file says nothing, llama.cpp takes the caps of the published models.
      attn_logit_softcapping: softcap(keys, 'attn_logit_softcapping', 50),
      final_logit_softcapping: softcap(keys, 'final_logit_softcapping', 30),
    };
  },

  tensors: () => gemmaTensors,
};
