import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { keepAtLeast, nthLargest, shapeOf, topLogit } from '../shared/row.ts';

export interface EtaCutoffOptions {
  /** In [0, 1). 0 is off; the paper uses 3e-4 to 4e-3. */
  readonly epsilon: number;
  /** Keep at least so many of the most probable, and the equals of the last of them. Default 1. */
  readonly minKeep?: number;
}

/**
 * Epsilon with a threshold that follows the entropy: remove p_i < min(epsilon, sqrt(epsilon) * exp(-H)), H = -sum(p ln p)
 * (Hewitt et al. 2022, "Truncation Sampling as Language Model Desmoothing", arXiv:2210.15191). Equality is kept, as in
 * Hugging Face. A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function etaCutoff(options: EtaCutoffOptions): HostSampler {
  checkOptionNames('etaCutoff', options, ['epsilon', 'minKeep']);
  const epsilon = checkNumber(
    'etaCutoff',
    'epsilon',
    options.epsilon,
    'a number in [0, 1)',
    (value) => value >= 0 && value < 1,
  );
  const minKeep = checkInteger('etaCutoff', 'minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'eta-cutoff',
    parameters: { epsilon, minKeep },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (epsilon === 0) return;
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const { normalizer, entropy } = shapeOf(logits, step.candidates, top);
      const distance = Math.min(Math.log(epsilon), Math.log(epsilon) / 2 - entropy);
      keepAtLeast(logits, step, Math.min(normalizer + distance, nthLargest(logits, step.candidates, minKeep)));
    },
  };
}
