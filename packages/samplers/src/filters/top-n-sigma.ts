import { defineSampler } from '@tokenwright/core';
import type { Tensor2D } from '@tokenwright/core/engine';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import type { HostAndDeviceForms } from '@tokenwright/core/sampling';
import { lowered, loweredOnDevice } from '../shared/borders.ts';
import { keepAtLeast, topLogit } from '../shared/row.ts';

const options = {
  /** How many standard deviations a token may be below the largest logit, at least 0. 0 is off. */
  sigmas: numberOption({
    min: 0,
    off: 0,
    suggested: 1,
    help: 'How many standard deviations a token may be below the largest logit',
  }),
};

export type TopNSigmaOptions = OptionsOf<typeof options>;

/**
 * Keep l_i >= max(l) - sigmas * sigma, where sigma is the population standard deviation of the logits that are left.
 *
 * A temperature before it changes nothing. A filter before it does: sigma is then that of the tokens the filter left.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @see Tang et al. 2024, "Top-n-sigma: Not All Logits Are You Need", arXiv:2411.07641
 * @example
 * ```ts
 * topNSigma({ sigmas: 1 });
 * ```
 */
export const topNSigma = defineSampler({
  name: 'top-n-sigma',
  summary: 'Keep tokens at most SIGMAS standard deviations below the largest logit',
  source: 'Tang et al. 2024, arXiv:2411.07641; llama.cpp',
  kind: 'filter',
  options,
  create: ({ sigmas }): HostAndDeviceForms => ({
    traits: { needsWholeRow: true, keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      if (sigmas === 0) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const total = candidates?.length ?? logits.length;
      let count = 0;
      let first = 0;
      let second = 0;
      // Moments about the top: the sums must resolve the distance to it.
      for (let i = 0; i < total; i++) {
        const distance = top - logits[candidates === undefined ? i : candidates[i]!]!;
        if (distance === Infinity) continue;
        count++;
        first += distance;
        second += distance * distance;
      }
      const mean = first / count;
      const sigma = Math.sqrt(Math.max(0, second / count - mean * mean));
      keepAtLeast(logits, step, lowered(top - sigmas * sigma, top));
    },
    onDevice(logits, { tf }) {
      if (sigmas === 0) return logits;
      const top: Tensor2D = tf.max(logits, 1, true);
      const left = tf.greater(logits, Number.NEGATIVE_INFINITY);
      // Selected by `where`, never by a product: 0 * Infinity is NaN.
      const distances = tf.where(left, tf.sub(top, logits), 0);
      const count = tf.sum(tf.cast(left, 'float32'), 1, true);
      const mean = tf.div(tf.sum(distances, 1, true), count);
      const deviations = tf.where(left, tf.sub(distances, mean), 0);
      const sigma = tf.sqrt(tf.div(tf.sum(tf.square(deviations), 1, true), count));
      const threshold = loweredOnDevice(tf.sub(top, tf.mul(sigma, sigmas)), top, tf);
      return tf.where(tf.less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
    },
  }),
});
