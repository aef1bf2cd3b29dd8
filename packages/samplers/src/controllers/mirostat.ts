import type { RowStep } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import type { SamplerTraits } from '@tokenwright/core/sampling';

/** What the two versions of mirostat share: the options and the controller. */
export interface MirostatOptions {
  /** Surprise to aim at, in bits a token, at least 0. Default 5. */
  readonly tau?: number;
  /** How fast it corrects itself, at least 0. Default 0.1. */
  readonly eta?: number;
}

export const mirostatTraits: SamplerTraits = {
  keepsArgMax: true,
  narrows: true,
  stateful: true,
  targetsSurprise: true,
};

export function checkMirostat(
  owner: string,
  options: MirostatOptions,
  more: readonly string[] = [],
): { tau: number; eta: number } {
  checkOptionNames(owner, options, ['tau', 'eta', ...more]);
  const atLeast0 = (name: string, value: number): number =>
    checkNumber(owner, name, value, 'a number of at least 0', (number) => number >= 0);
  return { tau: atLeast0('tau', options.tau ?? 5), eta: atLeast0('eta', options.eta ?? 0.1) };
}

/** mu for this step: the last one, corrected by how surprising the token was that was drawn with it. Stored for this node. */
export function nextMu({ state, sampled }: RowStep, tau: number, eta: number): number {
  let mu = state.get<number>() ?? 2 * tau;
  if (sampled !== undefined && sampled.after > 0) mu -= eta * (-Math.log2(sampled.after) - tau);
  state.set(mu);
  return mu;
}
