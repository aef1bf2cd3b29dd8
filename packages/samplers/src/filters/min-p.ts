import { add, less, max, where } from '@tensorflow/tfjs-core';
import { checkInteger, checkNumber, checkOptionNames, type DeviceSampler, type HostSampler } from '@tokenwright/core';
import { keepAtLeast, topLogit } from '../shared/row.ts';

export interface MinPOptions {
  /** Share of the largest probability that a token needs, in [0, 1]. 0 is off; 1 keeps only the equals of the largest. */
  readonly p: number;
  /** Keep at least so many of the most probable. Default 1. */
  readonly minKeep?: number;
}

/**
 * Keep a token when p_i >= p * max(p), which in logits is l_i >= max(l) + ln(p) (Nguyen et al. 2024, "Turning Up the Heat:
 * Min-p Sampling", arXiv:2407.01082). Equality is kept in every system.
 *
 * It looks at what it is given: after a temperature it thresholds the tempered distribution (Hugging Face, vLLM), before
 * it the model's own (llama.cpp, x-transformers). Defaults there: none, none, 0.05, 0.1.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * The device form exists for `minKeep` 1.
 */
export function minP(options: MinPOptions): HostSampler | (HostSampler & DeviceSampler) {
  checkOptionNames('minP', options, ['p', 'minKeep']);
  const p = checkNumber('minP', 'p', options.p, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
  const minKeep = checkInteger('minP', 'minKeep', options.minKeep ?? 1, 1);
  const distance = Math.log(p);
  const host: HostSampler = {
    name: 'min-p',
    parameters: { p, minKeep },
    traits: {
      domain: 'probabilities',
      shiftInvariant: true,
      scaleInvariant: false,
      keepsArgMax: true,
      narrows: true,
      removes: 'filter',
      singleRow: true,
      sorts: minKeep > 1,
    },
    onHost: (logits, step) => {
      if (p === 0) return;
      const top = topLogit(logits, step.candidates);
      if (Number.isFinite(top)) keepAtLeast(logits, step, top + distance, minKeep);
    },
  };
  if (minKeep > 1) return host;
  return {
    ...host,
    keeps: { share: p },
    onDevice: (logits) => {
      if (p === 0) return logits;
      return where(less(logits, add(max(logits, 1, true), distance)), Number.NEGATIVE_INFINITY, logits);
    },
  };
}
