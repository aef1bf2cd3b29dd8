import type { Json, LanguageModel } from '@tokenwright/core';
import { largest } from '@tokenwright/core/sampling';

/** The next-token logits of one source, and its share among the other sources. */
export interface WeightedLogits {
  /** [V], divided by the source's temperature. */
  readonly logits: Float32Array;
  /** Share of this source; the shares of all other sources sum to 1. */
  readonly weight: number;
}

/**
 * How the logits of an expert and of other sources become one distribution.
 *
 * @example
 * ```ts
 * const mean: Rule = {
 *   name: 'mean',
 *   parameters: null,
 *   combine: (expert, others) => expert.map((logit, id) => (logit + others[0]!.logits[id]!) / 2),
 * };
 * ```
 */
export interface Rule {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters: Json;
  /** Early exits of the expert that join the other sources, by number of layers. Default none. */
  earlyExits?(expert: LanguageModel): readonly number[];
  /**
   * Combine one row: a new array, [V], which samplers take as logits. -Infinity removes a token.
   *
   * @param others at least one source.
   */
  combine(expert: Float32Array, others: readonly WeightedLogits[]): Float32Array;
}

/**
 * The weighted sum of the sources' scores, computed per token on request. A token that a source rules out counts with that source's
 * lowest finite score, so that no score is infinite.
 */
export function weightedSum(
  rows: readonly { readonly values: ArrayLike<number>; readonly weight: number }[],
): (id: number) => number {
  const lowest: (number | undefined)[] = [];
  return (id) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) {
      const { values, weight } = rows[i]!;
      let value = values[id]!;
      if (value === -Infinity) {
        lowest[i] ??= lowestFinite(values);
        value = lowest[i]!;
      }
      sum += weight * value;
    }
    return sum;
  };
}

function lowestFinite(values: ArrayLike<number>): number {
  let lowest = Infinity;
  for (let id = 0; id < values.length; id++) if (values[id]! > -Infinity && values[id]! < lowest) lowest = values[id]!;
  return lowest;
}

/**
 * Scores of the tokens that the expert finds plausible: those with a probability of at least `alpha` times that of its best token.
 * All others get -Infinity. With `alpha` 0, only what the expert itself rules out does.
 */
export function amongPlausible(expert: Float32Array, alpha: number, score: (id: number) => number): Float32Array {
  const threshold = alpha === 0 ? -Infinity : largest(expert).logit + Math.log(alpha);
  const scores = new Float32Array(expert.length).fill(-Infinity);
  for (let id = 0; id < expert.length; id++) {
    const logit = expert[id]!;
    if (Number.isNaN(logit)) scores[id] = logit;
    else if (logit > -Infinity && logit >= threshold) scores[id] = score(id);
  }
  return scores;
}
