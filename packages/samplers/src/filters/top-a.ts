import { add, less, logSumExp as logSumExpOnDevice, max, minimum, mul, sub, where } from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';
import { keepAtLeast, topLogit } from '../shared/row.ts';

export interface TopAOptions {
  /** Factor, in [0, 1]; 0 is off. Default 0.02. */
  readonly ratio?: number;
  /** Exponent of the largest probability, at least 0. Default 2; with 1 it is min-p. */
  readonly power?: number;
}

/**
 * Keep a token when p_i >= ratio * max(p)^power (BlinkDL's RWKV; the defaults are those of x-transformers). Equality is kept.
 * The threshold falls as the model is less sure, so flat distributions keep more than under min-p. The most probable
 * token always stays. A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function topA(options: TopAOptions = {}): HostSampler & DeviceSampler {
  checkOptionNames('topA', options, ['ratio', 'power']);
  const ratio = checkNumber(
    'topA',
    'ratio',
    options.ratio ?? 0.02,
    'a number from 0 to 1',
    (value) => value >= 0 && value <= 1,
  );
  const power = checkNumber('topA', 'power', options.power ?? 2, 'a number of at least 0', (value) => value >= 0);
  const logRatio = Math.log(ratio);
  return {
    name: 'top-a',
    parameters: { ratio, power },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (ratio === 0) return;
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const normalizer = logSumExp(logits, step.candidates);
      // With ratio 1 and power 1 or less the threshold is the top itself, which rounding must not pass.
      keepAtLeast(logits, step, Math.min(top, normalizer + logRatio + power * (top - normalizer)));
    },
    onDevice: (logits) => {
      if (ratio === 0) return logits;
      const top = max(logits, 1, true);
      const normalizer = logSumExpOnDevice(logits, 1, true);
      const threshold = minimum(top, add(add(normalizer, logRatio), mul(sub(top, normalizer), power)));
      return where(less(logits, threshold), Number.NEGATIVE_INFINITY, logits);
    },
  };
}
