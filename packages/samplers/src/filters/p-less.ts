import { defineSampler } from '@tokenwright/core';
import { booleanOption, type OptionsOf } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { lowered } from '../shared/borders.ts';
import { keepAtLeast, topLogit } from '../shared/row.ts';

const options = {
  /**
   * Subtract from the threshold the agreement expected by chance: (V * sum(p^2) - 1) / (V - 1) instead of sum(p^2), so that
   * more tokens stay. Default false.
   */
  normalized: booleanOption({ default: false, help: 'Subtract from the threshold the agreement expected by chance' }),
};

export type PLessOptions = OptionsOf<typeof options>;

/**
 * Keep p_i >= sum(p^2), the probability that two samples agree. It has nothing to tune. Tokens that tie all stay. A row
 * with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.1, 0.15, 0.2, 0.25, 0.3], threshold 0.225: keeps the last two.
 *
 * @see Tan et al. 2025, "p-less Sampling", arXiv:2509.23234
 * @example
 * ```ts
 * pLess();
 * ```
 */
export const pLess = defineSampler({
  name: 'p-less',
  summary: 'Keep tokens at least as probable as the chance that two samples agree',
  source: 'Tan et al. 2025, arXiv:2509.23234',
  kind: 'filter',
  options,
  create: ({ normalized }) => ({
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const total = candidates?.length ?? logits.length;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < total; i++) {
        const weight = exponential(logits[candidates === undefined ? i : candidates[i]!]! - top);
        sum += weight;
        squares += weight * weight;
      }
      // The threshold times the sum: it is compared with weights relative to the top, where ties are exact.
      const threshold = normalized
        ? ((logits.length * squares) / sum - sum) / Math.max(1, logits.length - 1)
        : squares / sum;
      if (threshold > 0) keepAtLeast(logits, step, lowered(top + Math.log(Math.min(1, threshold)), top));
    },
  }),
});
