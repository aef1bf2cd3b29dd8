import { type DeviceSampler, defineSampler, type HostSampler } from '@tokenwright/core';
import type { Tensor2D } from '@tokenwright/core/engine';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';
import { lowered, loweredOnDevice } from '../shared/borders.ts';
import { minKeep } from '../shared/options.ts';
import { keepAtLeast, nthLargest } from '../shared/row.ts';

const options = {
  /** Smallest probability that stays, in [0, 1). 0 is off; the paper uses 3e-4 to 9e-4. */
  epsilon: numberOption({ min: 0, below: 1, off: 0, suggested: 0.0009, help: 'Smallest probability that stays' }),
  /** Keep at least this many of the most probable tokens, and all that tie with the last of them. Default 1. */
  minKeep,
};

export type EpsilonCutoffOptions = OptionsOf<typeof options>;

/**
 * Remove p_i < epsilon. Equality, up to float32 rounding, is kept, as in Hugging Face. A row with NaN, with +Infinity or with nothing left stays as
 * it is. The device form exists for `minKeep` 1.
 *
 * @see Hewitt et al. 2022, "Truncation Sampling as Language Model Desmoothing", arXiv:2210.15191
 * @example
 * ```ts
 * epsilonCutoff({ epsilon: 0.0009 });
 * ```
 */
export const epsilonCutoff = defineSampler({
  name: 'epsilon-cutoff',
  summary: 'Keep tokens with a probability of at least EPSILON',
  source: 'Hewitt et al. 2022, arXiv:2210.15191; Hugging Face',
  kind: 'filter',
  options,
  create({ epsilon, minKeep }): Omit<HostSampler, 'name'> | Omit<HostSampler & DeviceSampler, 'name'> {
    const distance = Math.log(epsilon);
    const host: Omit<HostSampler, 'name'> = {
      traits: { keepsArgMax: true, narrows: true },
      onHost(logits, step) {
        if (epsilon === 0) return;
        const normalizer = logSumExp(logits, step.candidates);
        if (!Number.isFinite(normalizer)) return;
        const threshold = lowered(normalizer + distance, normalizer);
        keepAtLeast(logits, step, Math.min(threshold, nthLargest(logits, step.candidates, minKeep)));
      },
    };
    if (minKeep > 1) return host;
    return {
      ...host,
      onDevice(logits, { tf }) {
        if (epsilon === 0) return logits;
        const normalizer: Tensor2D = tf.logSumExp(logits, 1, true);
        const border = loweredOnDevice(tf.add(normalizer, distance), normalizer, tf);
        const threshold = tf.minimum(tf.max(logits, 1, true), border);
        return tf.where(tf.less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
      },
    };
  },
});
