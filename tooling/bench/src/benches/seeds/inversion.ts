import { exponential, largest } from '@tokenwright/core/sampling';

/**
 * The running sum of exp(logit - largest logit), [V]: what a draw by inversion searches. This is the usual way to sample, and was
 * the way of this library; it is kept here to compare it with the exponential race.
 */
export function runningSum(logits: Float32Array): Float64Array {
  const { logit: top } = largest(logits);
  let sum = 0;
  return Float64Array.from(logits, (logit) => (sum += logit === -Infinity ? 0 : exponential(logit - top)));
}

/** The first token at which the running sum exceeds `uniform` times the whole sum. @param uniform in [0, 1). */
export function invert(sums: Float64Array, uniform: number): number {
  const goal = uniform * sums.at(-1)!;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > goal) high = middle;
    else low = middle + 1;
  }
  return low;
}
