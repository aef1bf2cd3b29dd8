import type { GgufFamily } from './family.ts';
import { gatedConfig, gatedTensors, ropeScaling, separateTensors, wholeHeads } from './gated.ts';

/** Qwen 2 and 2.5. */
export const qwen2: GgufFamily = {
  architecture: 'qwen2',

  async config(keys) {
    const shared = gatedConfig(keys);
    wholeHeads(keys, shared.head_dim);
    return { model_type: 'qwen2', ...shared, ...ropeScaling(keys), use_sliding_window: false };
  },

  tensors: () => ({ ...gatedTensors, ...separateTensors }),
};
