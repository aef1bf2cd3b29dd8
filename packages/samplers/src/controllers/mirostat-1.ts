import { defineSampler, type HostSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf, type OptionValues } from '@tokenwright/core/options';
import { topTokens } from '@tokenwright/core/sampling';
import { largestIds } from '../shared/largest-ids.ts';
import { topLogit } from '../shared/row.ts';
import { mirostatOptions, mirostatTraits, nextMu } from './mirostat.ts';

const options = {
  ...mirostatOptions,
  /** The slope is estimated from this many of the most probable tokens, at least 2. Default 100. */
  m: integerOption({ min: 2, default: 100, help: 'How many tokens the slope is estimated from' }),
};

export type Mirostat1Options = OptionsOf<typeof options>;

/**
 * Mirostat 1: hold the surprise of the text at `tau` bits by choosing k for a top-k at every step.
 *
 * With t_i = ln((i + 2) / (i + 1)) and b_i = ln(p_i / p_(i+1)) for the m most probable tokens: s = sum(t b) / sum(t^2),
 * e = s - 1, k = (e * 2^mu / (1 - V^-e))^(1 / s), at least 1. mu is 2 tau initially; after each sample
 * mu -= eta * (surprise - tau), where the surprise is -log2 of the token's probability among the k. A token that was not
 * sampled, such as a forced one, does not change mu.
 *
 * It must be the last stage. When the slope is undefined (one token, or all tokens tie), all tokens stay. A row with NaN,
 * with +Infinity or with nothing left stays as it is.
 *
 * @see Basu et al. 2020, "Mirostat", arXiv:2007.14966; llama.cpp
 * @example
 * ```ts
 * mirostat1({ tau: 3 });
 * ```
 */
export const mirostat1 = defineSampler({
  name: 'mirostat-1',
  summary: 'Hold the surprise of the text at TAU bits by a changing top-k',
  source: 'Basu et al. 2020, arXiv:2007.14966; llama.cpp',
  kind: 'controller',
  options,
  create: (values) => mirostat1Form(values),
});

/** @param overflowsAt from this k on, only one token stays. */
export function mirostat1Form(
  { tau, eta, m }: OptionValues<typeof options>,
  overflowsAt?: number,
): Omit<HostSampler, 'name'> {
  return {
    traits: { ...mirostatTraits, needsWholeRow: true },
    onHost(logits, step) {
      const mu = nextMu(step, tau, eta);
      if (!Number.isFinite(topLogit(logits, step.candidates))) return;
      const s = slope(logits, topTokens(logits, m, step.candidates));
      const e = s - 1;
      // At e = 0 the fraction is 0 / 0; its limit is 2^mu / ln(V).
      const share = e === 0 ? 1 / Math.log(step.vocabSize) : e / (1 - step.vocabSize ** -e);
      const k = (share * 2 ** mu) ** (1 / s);
      if (!(s > 0)) return;
      const count = overflowsAt !== undefined && k >= overflowsAt ? 1 : Math.max(1, Math.floor(k));
      if (count < logits.length) step.keep(logits, largestIds(logits, count, step.candidates)!);
    },
  };
}

/** The exponent of Zipf's law that fits the given tokens, by falling probability. NaN for one token. */
function slope(logits: Float32Array, ids: Int32Array): number {
  let products = 0;
  let squares = 0;
  for (let i = 0; i + 1 < ids.length; i++) {
    const t = Math.log((i + 2) / (i + 1));
    products += t * (logits[ids[i]!]! - logits[ids[i + 1]!]!);
    squares += t * t;
  }
  return products / squares;
}
