import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { keepAtLeast, topLogit } from '../shared/row.ts';

export interface PLessOptions {
  /**
   * Take from the threshold what chance alone would give: (V * sum(p^2) - 1) / (V - 1) instead of sum(p^2), so that more
   * tokens stay. Default false.
   */
  readonly normalized?: boolean;
}

/**
 * Keep p_i >= sum(p^2), the probability that two draws agree. There is nothing to tune (Tan et al. 2025, "p-less Sampling",
 * arXiv:2509.23234). Equal tokens all stay. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.1, 0.15, 0.2, 0.25, 0.3], threshold 0.225: keeps the last two.
 */
export function pLess(options: PLessOptions = {}): HostSampler {
  checkOptionNames('pLess', options, ['normalized']);
  const { normalized = false } = options;
  if (typeof normalized !== 'boolean') throw new ParameterError('pLess', 'normalized', 'true or false', normalized);
  return {
    name: 'p-less',
    parameters: { normalized },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
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
      // The threshold times the sum, so that it compares with weights relative to the top and equal tokens are exact.
      const threshold = normalized
        ? ((logits.length * squares) / sum - sum) / Math.max(1, logits.length - 1)
        : squares / sum;
      if (threshold > 0) keepAtLeast(logits, step, top + Math.log(Math.min(1, threshold)));
    },
  };
}
