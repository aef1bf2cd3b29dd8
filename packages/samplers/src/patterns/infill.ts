import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';
import { fallingOrder } from '../shared/falling-order.ts';
import { mergePrefixes, orderTexts, type TextOrder } from './prefix-merger.ts';

export interface InfillOptions {
  /** The text of a token; '' for one that has none. It must always give the same. */
  readonly text: (id: number) => string;
  /** The token that ends an infill. Default: the first end token of the run. */
  readonly eosTokenId?: number;
  /**
   * What the draw sees of a token into which others were merged: its own logit (`'own'`, as in llama.cpp, which merges only to
   * decide what stays), or the merged mass (`'merged'`). Default `'own'`.
   */
  readonly mass?: 'own' | 'merged';
}

/**
 * For filling a gap in the middle of a text (llama.cpp). Meant after top-k and top-p:
 *
 * 1. When 3 * n * P(end tokens) > P(other tokens), n tokens being left, only end tokens stay.
 * 2. Otherwise tokens of which one text begins the other are merged into the likelier one.
 * 3. Others than end tokens go when p < 0.2. When none is left, only `endToken` stays, or the likeliest if that was removed.
 * 4. What stays is normalized, and of it goes what has p < 1 / (number of others + 1).
 *
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function infill(options: InfillOptions): HostSampler {
  checkOptionNames('infill', options, ['text', 'eosTokenId', 'mass']);
  const { text, mass = 'own' } = options;
  if (typeof text !== 'function') throw new ParameterError('infill', 'text', 'a function from id to text', text);
  if (mass !== 'own' && mass !== 'merged') throw new ParameterError('infill', 'mass', "'own' or 'merged'", mass);
  if (options.eosTokenId !== undefined) checkInteger('infill', 'eosTokenId', options.eosTokenId, 0);
  let whole: TextOrder | undefined;
  /** Few candidates are put in order at each step; for many the vocabulary is, once. */
  const orderOf = (candidates: Int32Array, vocabSize: number): TextOrder => {
    if (candidates.length <= 1024) return orderTexts(candidates, text);
    if (whole?.ids.length !== vocabSize)
      whole = orderTexts(
        Int32Array.from({ length: vocabSize }, (_, id) => id),
        text,
      );
    return whole;
  };
  return {
    name: 'infill',
    parameters: { ...(options.eosTokenId === undefined ? {} : { eosTokenId: options.eosTokenId }), mass },
    kind: 'filter',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      const { candidates, eosTokenIds } = step;
      const normalizer = logSumExp(logits, candidates);
      if (!Number.isFinite(normalizer)) return;
      const falling = fallingOrder(logits, candidates);
      const p = new Float64Array(logits.length);
      let total = 0;
      for (let i = 0; i < falling.length; i++) {
        const id = falling[i]!;
        total += p[id] = exponential(logits[id]! - normalizer);
      }
      const sum = (ids: readonly number[]): number => ids.reduce((mass, id) => mass + p[id]!, 0);

      const ends = [...new Set(eosTokenIds)].filter((id) => logits[id]! > -Infinity);
      const endMass = sum(ends);
      if (3 * endMass * falling.length > total - endMass) {
        step.keep(logits, ends);
        return;
      }
      const isLeft = mergePrefixes(orderOf(falling, logits.length), falling, p);
      const isEnd = (id: number): boolean => ends.includes(id);
      const likely: number[] = [];
      for (let i = 0; i < falling.length; i++) {
        const id = falling[i]!;
        if ((p[id]! >= 0.2 || isEnd(id)) && isLeft(id)) likely.push(id);
      }
      const others = likely.filter((id) => !isEnd(id)).length;
      if (others === 0) {
        const end = options.eosTokenId ?? eosTokenIds[0];
        step.keep(logits, [end !== undefined && logits[end]! > -Infinity ? end : falling[0]!]);
        return;
      }
      const border = sum(likely) / (others + 1);
      const kept = likely.filter((id) => p[id]! >= border || isEnd(id));
      step.keep(logits, kept);
      if (mass === 'merged') for (const id of kept) logits[id] = Math.log(p[id]!) + normalizer;
    },
  };
}
