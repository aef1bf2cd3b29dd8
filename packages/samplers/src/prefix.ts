import { topTokens } from '@tokenwright/core';

/**
 * Selection without sorting. A cut such as top-p's is a prefix of an order; where the prefix ends can be found by splitting
 * around pivots and looking at one side only, as in quickselect, in expected time O(n).
 */

/** Where a prefix ends. */
export interface PrefixRule {
  /** Go on while the weight before an item is below this. */
  readonly mass: number;
  /** Go on also when the weight before an item is exactly `mass`. */
  readonly inclusive?: boolean;
  /** Take at least so many items. */
  readonly minimum?: number;
}

/**
 * Order the items 0..count-1 by rising key, equal keys by rising index, and take the prefix that `rule` describes.
 * Returns its items, in no particular order, as a view that the next call overwrites.
 *
 * Example: keys [3, 1, 2], weights [0.2, 0.5, 0.3], mass 0.6: items 1 and 2, for the weight before 2 is 0.5 < 0.6.
 */
export function prefixOf(
  keys: Float64Array,
  weights: Float64Array,
  count: number,
  { mass, inclusive = false, minimum = 0 }: PrefixRule,
): Int32Array {
  const order = scratchOrder(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const before = (a: number, b: number): boolean => keys[a]! < keys[b]! || (keys[a] === keys[b] && a < b);
  const taken = (position: number, weightBefore: number): boolean =>
    position < minimum || weightBefore < mass || (inclusive && weightBefore === mass);

  // Everything left of `from` is in the prefix and weighs `weight`; everything from `to` on is not.
  let from = 0;
  let to = count;
  let weight = 0;
  while (to - from > 16) {
    const pivot = middleOfThree(order[from]!, order[(from + to) >> 1]!, order[to - 1]!, before);
    let split = from;
    let left = 0;
    let pivotAt = -1;
    for (let i = from; i < to; i++) {
      const item = order[i]!;
      if (item === pivot) pivotAt = i;
      if (!before(item, pivot)) continue;
      if (pivotAt === split) pivotAt = i;
      order[i] = order[split]!;
      order[split++] = item;
      left += weights[item]!;
    }
    order[pivotAt] = order[split]!;
    order[split] = pivot;
    if (taken(split, weight + left)) {
      from = split + 1;
      weight += left + weights[pivot]!;
    } else {
      to = split;
    }
  }
  const rest = order.subarray(from, to).sort((a, b) => (before(a, b) ? -1 : 1));
  for (const item of rest) {
    if (!taken(from, weight)) break;
    weight += weights[item]!;
    from++;
  }
  return order.subarray(0, from);
}

/** Ids of the `count` largest logits, of equals the lower ids; removed tokens are left out. In no particular order. */
export function largestIds(logits: Float32Array, count: number, survivors: Int32Array | undefined): Int32Array {
  // A heap is faster while it stays small; beyond, its logarithm costs more than the passes of a selection.
  if (count <= 512) return topTokens(logits, count, survivors);
  const ids: number[] = [];
  const total = survivors?.length ?? logits.length;
  const keys = new Float64Array(total);
  for (let i = 0; i < total; i++) {
    const id = survivors === undefined ? i : survivors[i]!;
    if (!(logits[id]! > -Infinity)) continue;
    keys[ids.length] = -logits[id]!;
    ids.push(id);
  }
  const items = prefixOf(keys, keys, ids.length, { mass: -Infinity, minimum: count });
  return Int32Array.from(items, (item) => ids[item]!);
}

function middleOfThree(a: number, b: number, c: number, before: (a: number, b: number) => boolean): number {
  if (before(a, b)) return before(b, c) ? b : before(a, c) ? c : a;
  return before(a, c) ? a : before(b, c) ? c : b;
}

let orderBuffer = new Int32Array(0);

function scratchOrder(count: number): Int32Array {
  if (orderBuffer.length < count) orderBuffer = new Int32Array(count);
  return orderBuffer;
}
