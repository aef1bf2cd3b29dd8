import { add, less, logSumExp as logSumExpOnDevice, max, minimum, where } from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';
import { keepAtLeast, nthLargest } from '../shared/row.ts';

export interface EpsilonCutoffOptions {
  /** Smallest probability that stays, in [0, 1). 0 is off; the paper uses 3e-4 to 9e-4. */
  readonly epsilon: number;
  /** Keep at least so many of the most probable, and the equals of the last of them. Default 1. */
  readonly minKeep?: number;
}

/**
 * Remove p_i < epsilon (Hewitt et al. 2022, "Truncation Sampling as Language Model Desmoothing", arXiv:2210.15191).
 * Equality is kept, as in Hugging Face. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * The device form exists for `minKeep` 1.
 */
export function epsilonCutoff(options: EpsilonCutoffOptions): HostSampler | (HostSampler & DeviceSampler) {
  checkOptionNames('epsilonCutoff', options, ['epsilon', 'minKeep']);
  const cutoff = checkNumber(
    'epsilonCutoff',
    'epsilon',
    options.epsilon,
    'a number in [0, 1)',
    (value) => value >= 0 && value < 1,
  );
  const minKeep = checkInteger('epsilonCutoff', 'minKeep', options.minKeep ?? 1, 1);
  const distance = Math.log(cutoff);
  const host: HostSampler = {
    name: 'epsilon-cutoff',
    parameters: { epsilon: cutoff, minKeep },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (cutoff === 0) return;
      const normalizer = logSumExp(logits, step.candidates);
      if (Number.isFinite(normalizer))
        keepAtLeast(logits, step, Math.min(normalizer + distance, nthLargest(logits, step.candidates, minKeep)));
    },
  };
  if (minKeep > 1) return host;
  return {
    ...host,
    onDevice: (logits) => {
      if (cutoff === 0) return logits;
      const threshold = minimum(max(logits, 1, true), add(logSumExpOnDevice(logits, 1, true), distance));
      return where(less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
    },
  };
}
