/**
 * Selection without sorting. A cut such as top-p's is a prefix of an order. Where it ends is found by sorting the items into
 * coarse bins, looking only into the bin in which the prefix ends, and so on: a few linear passes in place of a sort.
 */

/** Where a prefix ends. */
export interface PrefixRule {
  /** Go on while the weight before an item is below this. */
  readonly mass: number;
  /** Go on also when the weight before an item is exactly `mass`. */
  readonly inclusive?: boolean;
  /** Take at least so many items. */
  readonly minimum?: number;
  /** Take also the items whose key equals that of the last one. */
  readonly ties?: boolean;
}

/**
 * Order the items 0..count-1 by rising key, equal keys by rising index, and take the prefix that `rule` describes.
 * Returns its items, ascending.
 *
 * Example: keys [3, 1, 2], weights [0.2, 0.5, 0.3], mass 0.6: items 1 and 2, for the weight before 2 is 0.5 < 0.6.
 */
export function prefixOf(keys: Float64Array, weights: Float64Array, count: number, rule: PrefixRule): Int32Array {
  const { mass, inclusive = false, minimum = 0, ties = false } = rule;
  const taken = (position: number, weightBefore: number): boolean =>
    position < minimum || weightBefore < mass || (inclusive && weightBefore === mass);
  const items = new Int32Array(count);
  for (let i = 0; i < count; i++) items[i] = i;

  // The prefix ends among the first `active` of `items`; before them lie `position` items that weigh `weight`.
  let active = count;
  let position = 0;
  let weight = 0;
  const binWeight = new Float64Array(bins);
  const binSize = new Int32Array(bins);
  let lastItem = -1;
  let lastKey = -Infinity;
  for (;;) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < active; i++) {
      const key = keys[items[i]!]!;
      if (key < low) low = key;
      if (key > high) high = key;
    }
    const scale = bins / (high - low);
    if (active <= 32 || !Number.isFinite(scale)) break;

    binWeight.fill(0);
    binSize.fill(0);
    for (let i = 0; i < active; i++) {
      const item = items[i]!;
      const bin = Math.min(bins - 1, Math.floor((keys[item]! - low) * scale));
      binWeight[bin]! += weights[item]!;
      binSize[bin]! += 1;
    }
    let last = 0;
    while (last < bins && taken(position + binSize[last]!, weight + binWeight[last]!)) {
      position += binSize[last]!;
      weight += binWeight[last]!;
      last++;
    }
    if (last === bins) return everything(count);
    let inside = 0;
    for (let i = 0; i < active; i++) {
      const item = items[i]!;
      const bin = Math.min(bins - 1, Math.floor((keys[item]! - low) * scale));
      if (bin === last) items[inside++] = item;
      else if (bin < last && keys[item]! >= lastKey) {
        lastKey = keys[item]!;
        lastItem = item;
      }
    }
    active = inside;
  }

  const rest = items.subarray(0, active).sort((a, b) => keys[a]! - keys[b]! || a - b);
  for (const item of rest) {
    if (!taken(position, weight)) break;
    position++;
    weight += weights[item]!;
    lastKey = keys[item]!;
    lastItem = item;
  }
  const result = new Int32Array(count);
  let size = 0;
  for (let i = 0; i < count; i++)
    if (keys[i]! < lastKey || (keys[i] === lastKey && (ties || i <= lastItem))) result[size++] = i;
  return result.subarray(0, size);
}

const bins = 256;

function everything(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
