import { defineSampler } from '@tokenwright/core';
import { largestFloat } from '../shared/row.ts';

/**
 * NaN -> 0, +Infinity -> the largest float32, -Infinity -> the lowest float32.
 *
 * It hides a broken model: without it, a row with NaN is an error that names the stage. It also revives the tokens that
 * earlier stages removed, with the lowest logit: next to an ordinary token their probability is 0, but they can be sampled
 * when all others are removed. Use it to compare with Hugging Face, and before every stage that removes tokens.
 *
 * @see Hugging Face, `remove_invalid_values`
 * @example
 * ```ts
 * removeInvalid();
 * ```
 */
export const removeInvalid = defineSampler({
  name: 'remove-invalid',
  summary: 'Replace NaN and infinite logits by finite ones',
  source: 'Hugging Face, remove_invalid_values',
  kind: 'repair',
  options: {},
  create: () => ({
    traits: { narrows: false },
    onHost(logits) {
      for (let id = 0; id < logits.length; id++) {
        const logit = logits[id]!;
        if (Number.isNaN(logit)) logits[id] = 0;
        else if (logit === Infinity) logits[id] = largestFloat;
        else if (logit === -Infinity) logits[id] = -largestFloat;
      }
    },
  }),
});
