import type { Json, LanguageModel } from '@tokenwright/core';
import { checkNumber } from '@tokenwright/core/options';
import { largest } from '@tokenwright/core/sampling';

/** The logits that one source gives for the next token, and how much it counts among the others. */
export interface WeighedLogits {
  /** [V], divided by the source's temperature. */
  readonly logits: Float32Array;
  /** Share of this source among the others; the shares add up to 1. */
  readonly weight: number;
}

/** How the logits of an expert and of other sources become one distribution. */
export interface Rule {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters: Json;
  /** Early exits of the expert that join the other sources, by the number of layers passed. Default none. */
  layers?(expert: LanguageModel): readonly number[];
  /**
   * The scores of one row, a new array [V]: taken as logits by what follows; -Infinity removes a token.
   *
   * @param others at least one.
   */
  combine(expert: Float32Array, others: readonly WeighedLogits[]): Float32Array;
}

/** A plausibility threshold, in [0, 1]. */
export function checkedAlpha(owner: string, alpha: number): number {
  return checkNumber(owner, 'alpha', alpha, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
}

/**
 * The weighted sum of the others' scores of a token, computed for the tokens that it is asked of. A token that a source rules out gets that
 * source's lowest finite score, so that the source is not taken to be infinitely against it.
 */
export function weighedSum(
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
 * Scores of the tokens that the expert finds plausible: those with a probability of at least `alpha` times that of its best token,
 * equality included. All others get -Infinity. `alpha` 0 leaves out only what the expert itself rules out.
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
