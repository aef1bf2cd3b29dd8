import { cast, div, greater, less, max, mul, sqrt, square, sub, sum, where } from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { keepAtLeast, topLogit } from '../shared/row.ts';

export interface TopNSigmaOptions {
  /** How many standard deviations below the largest logit a token may lie, at least 0. 0 is off; usual is 1. */
  readonly sigmas: number;
}

/**
 * Keep l_i >= max(l) - n * sigma, with the population standard deviation of the logits that are left (Tang et al. 2024,
 * "Top-n-sigma: Not All Logits Are You Need", arXiv:2411.07641; llama.cpp).
 *
 * A temperature before it changes nothing. A filter before it does: sigma then belongs to what the filter left.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function topNSigma(options: TopNSigmaOptions): HostSampler & DeviceSampler {
  checkOptionNames('topNSigma', options, ['sigmas']);
  const n = checkNumber('topNSigma', 'sigmas', options.sigmas, 'a number of at least 0', (value) => value >= 0);
  return {
    name: 'top-n-sigma',
    parameters: { sigmas: n },
    kind: 'filter',
    traits: {
      needsWholeRow: true,
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (n === 0) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const total = candidates?.length ?? logits.length;
      let count = 0;
      let first = 0;
      let second = 0;
      // Moments about the top: the distance to it is what the sums have to resolve.
      for (let i = 0; i < total; i++) {
        const distance = top - logits[candidates === undefined ? i : candidates[i]!]!;
        if (distance === Infinity) continue;
        count++;
        first += distance;
        second += distance * distance;
      }
      const mean = first / count;
      const sigma = Math.sqrt(Math.max(0, second / count - mean * mean));
      keepAtLeast(logits, step, top - n * sigma);
    },
    onDevice: (logits) => {
      if (n === 0) return logits;
      const top = max(logits, 1, true);
      const left = greater(logits, Number.NEGATIVE_INFINITY);
      // Chosen by `where`, never by a product: 0 * Infinity is NaN.
      const distances = where(left, sub(top, logits), 0);
      const count = sum(cast(left, 'float32'), 1, true);
      const mean = div(sum(distances, 1, true), count);
      const deviations = where(left, sub(distances, mean), 0);
      const sigma = sqrt(div(sum(square(deviations), 1, true), count));
      return where(less(logits, sub(top, mul(sigma, n))), Number.NEGATIVE_INFINITY, logits);
    },
  };
}
