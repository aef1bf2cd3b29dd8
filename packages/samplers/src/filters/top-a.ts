import { defineSampler } from '@tokenwright/core';
import type { Tensor2D } from '@tokenwright/core/engine';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { type HostAndDeviceForms, logSumExp } from '@tokenwright/core/sampling';
import { lowered, loweredOnDevice } from '../shared/borders.ts';
import { keepAtLeast, topLogit } from '../shared/row.ts';

const options = {
  /** Factor, in [0, 1]. 0 is off. Default 0.02. */
  ratio: numberOption({
    min: 0,
    max: 1,
    default: 0.02,
    off: 0,
    help: 'Factor of the power of the largest probability',
  }),
  /** Exponent of the largest probability, at least 0. Default 2; with 1 it is min-p. */
  power: numberOption({ min: 0, default: 2, help: 'Exponent of the largest probability; with 1 it is min-p' }),
};

export type TopAOptions = OptionsOf<typeof options>;

/**
 * Keep a token when p_i >= ratio * max(p)^power. Equality, up to float32 rounding, is kept.
 *
 * The threshold falls as the model is less certain, so a flat distribution keeps more tokens than under min-p. The most
 * probable token always stays. The defaults are those of x-transformers. A row with NaN, with +Infinity or with nothing
 * left stays as it is.
 *
 * @see BlinkDL's RWKV-LM, "top-a"
 * @example
 * ```ts
 * topA({ ratio: 0.2 });
 * ```
 */
export const topA = defineSampler({
  name: 'top-a',
  summary: 'Keep tokens with at least RATIO times the largest probability squared',
  source: 'BlinkDL, RWKV-LM; x-transformers',
  kind: 'filter',
  options,
  create({ ratio, power }): HostAndDeviceForms {
    const logRatio = Math.log(ratio);
    return {
      traits: { keepsArgMax: true, narrows: true },
      onHost(logits, step) {
        if (ratio === 0) return;
        const top = topLogit(logits, step.candidates);
        if (!Number.isFinite(top)) return;
        const normalizer = logSumExp(logits, step.candidates);
        // With ratio 1 and power 1 or less the threshold is the top itself, which rounding must not exceed.
        keepAtLeast(logits, step, lowered(Math.min(top, normalizer + logRatio + power * (top - normalizer)), top));
      },
      onDevice(logits, { tf }) {
        if (ratio === 0) return logits;
        const top: Tensor2D = tf.max(logits, 1, true);
        const normalizer = tf.logSumExp(logits, 1, true);
        const distance = tf.mul(tf.sub(top, normalizer), power);
        const threshold = loweredOnDevice(tf.minimum(top, tf.add(tf.add(normalizer, logRatio), distance)), top, tf);
        return tf.where(tf.less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
      },
    };
  },
});
