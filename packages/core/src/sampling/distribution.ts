import { exponential } from './exponential.ts';
import { LargestIds } from './largest-ids.ts';

/**
 * The arithmetic of one row of logits, in float64. `candidates` narrows the loop to the listed ids; every other id must be
 * -Infinity. Removed tokens (-Infinity) have probability 0.
 */

/**
 * Largest logit and its id; on ties, the lowest id. `id` is -1 when nothing is left (`logit` -Infinity) or a logit
 * is NaN (`logit` NaN).
 */
export function largest(logits: Float32Array, candidates?: Int32Array): { id: number; logit: number } {
  let id = -1;
  let logit = -Infinity;
  // Not (value > logit): this way NaN is met without a test of its own.
  if (candidates === undefined) {
    for (let at = 0; at < logits.length; at++) {
      // Four at a time: almost always none of them is larger, and one branch says so.
      while (at + 3 < logits.length) {
        const some = logits[at]! <= logit && logits[at + 1]! <= logit;
        if (!some || !(logits[at + 2]! <= logit && logits[at + 3]! <= logit)) break;
        at += 4;
      }
      if (at === logits.length) break;
      const value = logits[at]!;
      if (value <= logit) continue;
      if (Number.isNaN(value)) return { id: -1, logit: value };
      id = at;
      logit = value;
    }
    return { id, logit };
  }
  for (const at of candidates) {
    const value = logits[at]!;
    if (value <= logit) continue;
    if (Number.isNaN(value)) return { id: -1, logit: value };
    id = at;
    logit = value;
  }
  return { id, logit };
}

/** ln(sum(exp(logits))). -Infinity when nothing is left; NaN when a logit is NaN. */
export function logSumExp(logits: Float32Array, candidates?: Int32Array): number {
  const { logit: top } = largest(logits, candidates);
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  if (candidates === undefined) for (let i = 0; i < logits.length; i++) sum += exponential(logits[i]! - top);
  else for (const id of candidates) sum += exponential(logits[id]! - top);
  return top + Math.log(sum);
}

/** True when every token is removed. A row with NaN is not empty. */
export function isEmptyRow(logits: Float32Array, candidates?: Int32Array): boolean {
  return largest(logits, candidates).logit === -Infinity;
}

/** softmax(logits): [V], float64. */
export function probabilities(logits: Float32Array, candidates?: Int32Array): Float64Array {
  const normalizer = logSumExp(logits, candidates);
  const result = new Float64Array(logits.length);
  if (candidates === undefined)
    for (let i = 0; i < logits.length; i++) result[i] = exponential(logits[i]! - normalizer);
  else for (const id of candidates) result[id] = exponential(logits[id]! - normalizer);
  return result;
}

/** log(softmax(logits)): [V], float64; -Infinity for removed tokens. */
export function logProbabilities(logits: Float32Array, candidates?: Int32Array): Float64Array {
  const normalizer = logSumExp(logits, candidates);
  const result = new Float64Array(logits.length).fill(-Infinity);
  if (candidates === undefined) for (let i = 0; i < logits.length; i++) result[i] = logits[i]! - normalizer;
  else for (const id of candidates) result[id] = logits[id]! - normalizer;
  return result;
}

/** How many tokens have a larger logit than `id`, plus one. */
export function rankOf(logits: Float32Array, id: number): number {
  const own = logits[id]!;
  let larger = 0;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > own) larger++;
  return larger + 1;
}

/** Ids of the `count` largest logits by descending value, on ties the lower id first; removed tokens are left out. */
export function topTokens(logits: Float32Array, count: number, candidates?: Int32Array): Int32Array {
  const most = Math.min(count, candidates?.length ?? logits.length);
  if (most === 0) return new Int32Array(0);
  const heap = new LargestIds(most);
  const offer = (id: number): void => {
    if (logits[id]! > -Infinity) heap.offer(id, logits[id]!);
  };
  if (candidates === undefined) for (let id = 0; id < logits.length; id++) offer(id);
  else for (const id of candidates) offer(id);
  return heap.ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
}
