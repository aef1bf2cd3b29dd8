import type { RowStep } from '@tokenwright/core';
import { exponential, largest, topTokens } from '@tokenwright/core/sampling';

/**
 * Helpers of the filters. All filters follow one rule for rows on which nothing can be decided: a row that holds NaN or
 * +Infinity, or has no token left, stays as it is. So no stage hides a broken row, and the run reports it as a typed error.
 */

/** The largest finite float32. */
export const largestFloat = 3.4028234663852886e38;

/** The part of a step that the helpers need. */
export type Candidates = Pick<RowStep, 'candidates' | 'keep'>;

/** The largest logit; NaN when any logit is NaN, -Infinity when nothing is left. */
export function topLogit(logits: Float32Array, candidates: Int32Array | undefined): number {
  return largest(logits, candidates).logit;
}

/** Sum of exp(logit - top). With `top` from {@link topLogit} no term overflows, and the term of the top is exactly 1. */
export function sumOfWeights(logits: Float32Array, candidates: Int32Array | undefined, top: number): number {
  let sum = 0;
  if (candidates === undefined) for (let id = 0; id < logits.length; id++) sum += exponential(logits[id]! - top);
  else for (let i = 0; i < candidates.length; i++) sum += exponential(logits[candidates[i]!]! - top);
  return sum;
}

/** Statistics of a row's distribution. */
export interface Shape {
  /** Tokens that are left. */
  readonly count: number;
  /** ln(sum(exp(l))). */
  readonly normalizer: number;
  /** -sum(p ln p) in nats. */
  readonly entropy: number;
}

/** Statistics of a row in one pass; `top` is from {@link topLogit}. With d = top - l and Z = sum(exp(-d)), H = ln Z + sum(d exp(-d)) / Z. */
export function shapeOf(logits: Float32Array, candidates: Int32Array | undefined, top: number): Shape {
  const total = candidates?.length ?? logits.length;
  let count = 0;
  let sum = 0;
  let moment = 0;
  for (let i = 0; i < total; i++) {
    const distance = top - logits[candidates === undefined ? i : candidates[i]!]!;
    if (distance === Infinity) continue;
    count++;
    const weight = exponential(-distance);
    sum += weight;
    moment += weight * distance;
  }
  return { count, normalizer: top + Math.log(sum), entropy: Math.log(sum) + moment / sum };
}

/**
 * Remove all logits below `threshold`, but keep at least the `minKeep` largest. Logits equal to the threshold stay. On ties
 * among those that only `minKeep` saves, the lower ids stay.
 */
export function keepAtLeast(logits: Float32Array, step: Candidates, threshold: number, minKeep = 1): void {
  const { candidates } = step;
  const total = candidates?.length ?? logits.length;
  // A list is worth its cost only when it is much shorter than the row.
  const ids = scratchIds(Math.min(total, Math.max(minKeep, total >> 2)));
  let kept = 0;
  for (let i = 0; i < total; i++) {
    const id = candidates === undefined ? i : candidates[i]!;
    if (logits[id]! >= threshold && logits[id]! > -Infinity) {
      if (kept < ids.length) ids[kept] = id;
      kept++;
    }
  }
  if (kept < minKeep) step.keep(logits, topTokens(logits, minKeep, candidates));
  else if (kept <= ids.length) step.keep(logits, ids.subarray(0, kept));
  else if (kept < total) removeBelow(logits, candidates, threshold);
}

function removeBelow(logits: Float32Array, candidates: Int32Array | undefined, threshold: number): void {
  if (candidates === undefined) {
    for (let id = 0; id < logits.length; id++) if (logits[id]! < threshold) logits[id] = -Infinity;
  } else {
    for (const id of candidates) if (logits[id]! < threshold) logits[id] = -Infinity;
  }
}

/**
 * A smaller temperature acts like this one, on logits from which the largest is subtracted, so that no ordinary quotient
 * overflows.
 */
export const smallestTemperature = 1e-30;

/**
 * l / t for t > 0. Where a quotient would leave the range of float32, the largest logit is subtracted from all first, which
 * does not change the distribution. So a tiny t tends to greedy and never to an empty row.
 */
export function divideLogits(logits: Float32Array, candidates: Int32Array | undefined, t: number): void {
  const top = topLogit(logits, candidates);
  const large = t < smallestTemperature || !Number.isFinite(Math.fround(top / t));
  const shift = large && Number.isFinite(top) ? top : 0;
  const divisor = Math.max(t, smallestTemperature);
  if (candidates === undefined) for (let id = 0; id < logits.length; id++) logits[id] = (logits[id]! - shift) / divisor;
  else for (const id of candidates) logits[id] = (logits[id]! - shift) / divisor;
}

/** The n-th largest logit, or the smallest when fewer are left. Only for rows without NaN that have a token left. */
export function nthLargest(logits: Float32Array, candidates: Int32Array | undefined, n: number): number {
  return n === 1 ? topLogit(logits, candidates) : logits[topTokens(logits, n, candidates).at(-1)!]!;
}

let ids = new Int32Array(0);

function scratchIds(count: number): Int32Array {
  if (ids.length < count) ids = new Int32Array(count);
  return ids.subarray(0, count);
}
