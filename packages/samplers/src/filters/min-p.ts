import { type DeviceSampler, defineSampler, type HostSampler } from '@tokenwright/core';
import type { Tensor2D } from '@tokenwright/core/engine';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { lowered, loweredOnDevice } from '../shared/borders.ts';
import { minKeep } from '../shared/options.ts';
import { keepAtLeast, topLogit } from '../shared/row.ts';

const options = {
  /** Share of the largest probability that a token needs, in [0, 1]. 0 is off; 1 keeps only ties with the largest. */
  p: numberOption({
    min: 0,
    max: 1,
    off: 0,
    suggested: 0.05,
    help: 'Share of the largest probability that a token needs',
  }),
  /** Keep at least this many of the most probable tokens. Default 1. */
  minKeep,
};

export type MinPOptions = OptionsOf<typeof options>;

/**
 * Keep tokens with at least `p` times the largest probability.
 *
 * In logits: l_i >= max(l) + ln(p). Equality, up to float32 rounding, is kept in every system. It looks at its input: after a temperature it
 * thresholds the tempered distribution (Hugging Face, vLLM), before it the model's own (llama.cpp, x-transformers).
 * A row with NaN, with +Infinity or with nothing left stays as it is. The device form exists for `minKeep` 1.
 *
 * @see Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling", arXiv:2407.01082
 * @example
 * ```ts
 * minP({ p: 0.05 });
 * ```
 */
export const minP = defineSampler({
  name: 'min-p',
  summary: 'Keep tokens with at least P times the largest probability',
  source: 'Nguyen et al. 2024, arXiv:2407.01082',
  kind: 'filter',
  options,
  create({ p, minKeep }): Omit<HostSampler, 'name'> | Omit<HostSampler & DeviceSampler, 'name'> {
    const distance = Math.log(p);
    const host: Omit<HostSampler, 'name'> = {
      traits: { keepsArgMax: true, narrows: true },
      onHost(logits, step) {
        if (p === 0) return;
        const top = topLogit(logits, step.candidates);
        if (Number.isFinite(top)) keepAtLeast(logits, step, lowered(top + distance, top), minKeep);
      },
    };
    if (minKeep > 1) return host;
    return {
      ...host,
      kernel: { keep: { share: p } },
      onDevice(logits, { tf }) {
        if (p === 0) return logits;
        const top: Tensor2D = tf.max(logits, 1, true);
        const threshold = loweredOnDevice(tf.add(top, distance), top, tf);
        return tf.where(tf.less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
      },
    };
  },
});
