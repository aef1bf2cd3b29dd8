import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import { topTokens } from '@tokenwright/core/sampling';
import { largestIds } from '../shared/largest-ids.ts';
import { keepLargest, topLogit } from '../shared/row.ts';
import { checkMirostat, type MirostatOptions, mirostatTraits, nextMu } from './mirostat.ts';

export interface Mirostat1Options extends MirostatOptions {
  /** How many of the most probable tokens the slope is estimated from, at least 2. Default 100. */
  readonly m?: number;
  /**
   * What a k beyond the vocabulary means: all tokens stay (`'keep-all'`), or, from 2^31 on, only one does (`'keep-one'`, as in
   * llama.cpp, whose k is a 32-bit integer that then overflows). Default `'keep-all'`.
   */
  readonly overflow?: 'keep-all' | 'keep-one';
}

/**
 * Mirostat 1: hold the surprise of the text at `tau` bits by choosing k for a top-k at every step (Basu et al. 2020,
 * "Mirostat", arXiv:2007.14966; llama.cpp).
 *
 * With t_i = ln((i + 2) / (i + 1)) and b_i = ln(p_i / p_(i+1)) for the m most probable tokens: s = sum(t b) / sum(t^2),
 * e = s - 1, k = (e * 2^mu / (1 - V^-e))^(1 / s), at least 1. mu is 2 tau at first; after each draw
 * mu -= eta * (surprise - tau), where the surprise is -log2 of the token's probability among the k. A token that was not
 * drawn, such as a forced one, leaves mu as it is.
 *
 * It must be the last stage. When the slope cannot be told (one token, or all equal), all tokens stay. A row with NaN, with
 * +Infinity or with nothing left stays as it is.
 */
export function mirostat1(options: Mirostat1Options = {}): HostSampler {
  const { tau, eta } = checkMirostat('mirostat1', options, ['m', 'overflow']);
  const m = checkInteger('mirostat1', 'm', options.m ?? 100, 2);
  const { overflow = 'keep-all' } = options;
  if (overflow !== 'keep-all' && overflow !== 'keep-one')
    throw new ParameterError('mirostat1', 'overflow', "'keep-all' or 'keep-one'", overflow);
  return {
    name: 'mirostat-1',
    parameters: { tau, eta, m, overflow },
    kind: 'controller',
    traits: { ...mirostatTraits, needsWholeRow: true },
    onHost: (logits, step) => {
      const mu = nextMu(step, tau, eta);
      if (!Number.isFinite(topLogit(logits, step.candidates))) return;
      const s = slope(logits, topTokens(logits, m, step.candidates));
      const e = s - 1;
      // At e = 0 the fraction is 0 / 0; its limit is 2^mu / ln(V).
      const share = e === 0 ? 1 / Math.log(step.vocabSize) : e / (1 - step.vocabSize ** -e);
      const k = (share * 2 ** mu) ** (1 / s);
      if (!(s > 0)) return;
      if (k >= 2 ** 31 && overflow === 'keep-one') keepLargest(logits, step);
      else if (k < logits.length) step.keep(logits, largestIds(logits, Math.max(1, Math.floor(k)), step.candidates)!);
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
