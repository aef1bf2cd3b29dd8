import { defineSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { lowered } from '../shared/borders.ts';
import { minKeep } from '../shared/options.ts';
import { keepAtLeast, nthLargest, shapeOf, topLogit } from '../shared/row.ts';

const options = {
  /** In [0, 1). 0 is off; the paper uses 3e-4 to 4e-3. */
  epsilon: numberOption({ min: 0, below: 1, off: 0, suggested: 0.002, help: 'Upper bound of the threshold' }),
  /** Keep at least this many of the most probable tokens, and all that tie with the last of them. Default 1. */
  minKeep,
};

export type EtaCutoffOptions = OptionsOf<typeof options>;

/**
 * Epsilon cutoff with a threshold that follows the entropy: remove p_i < min(epsilon, sqrt(epsilon) * exp(-H)), where
 * H = -sum(p ln p). Equality, up to float32 rounding, is kept, as in Hugging Face. A row with NaN, with +Infinity or with nothing left stays as it
 * is.
 *
 * @see Hewitt et al. 2022, "Truncation Sampling as Language Model Desmoothing", arXiv:2210.15191
 * @example
 * ```ts
 * etaCutoff({ epsilon: 0.002 });
 * ```
 */
export const etaCutoff = defineSampler({
  name: 'eta-cutoff',
  summary: 'Like the epsilon cutoff, with a threshold that falls where the model is uncertain',
  source: 'Hewitt et al. 2022, arXiv:2210.15191; Hugging Face',
  kind: 'filter',
  options,
  create: ({ epsilon, minKeep }) => ({
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      if (epsilon === 0) return;
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const { normalizer, entropy } = shapeOf(logits, step.candidates, top);
      const distance = Math.min(Math.log(epsilon), Math.log(epsilon) / 2 - entropy);
      const threshold = lowered(normalizer + distance, normalizer);
      keepAtLeast(logits, step, Math.min(threshold, nthLargest(logits, step.candidates, minKeep)));
    },
  }),
});
