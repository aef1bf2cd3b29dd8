import type { RowStep } from '@tokenwright/core';
import { numberOption } from '@tokenwright/core/options';
import type { SamplerTraits } from '@tokenwright/core/sampling';

/** The options of both versions of mirostat. */
export const mirostatOptions = {
  /** Target surprise, in bits per token, at least 0. Default 5. */
  tau: numberOption({ min: 0, default: 5, help: 'Target surprise, in bits per token' }),
  /** Learning rate, at least 0. Default 0.1. */
  eta: numberOption({ min: 0, default: 0.1, help: 'Learning rate' }),
};

export const mirostatTraits: SamplerTraits = {
  keepsArgMax: true,
  narrows: true,
  stateful: true,
  targetsSurprise: true,
};

/** mu for this step: the last one, corrected by the surprise of the token that was sampled with it. Stored for this node. */
export function nextMu({ state, sampled }: RowStep, tau: number, eta: number): number {
  let mu = state.get<number>() ?? 2 * tau;
  if (sampled !== undefined && sampled.after > 0) mu -= eta * (-Math.log2(sampled.after) - tau);
  state.set(mu);
  return mu;
}
