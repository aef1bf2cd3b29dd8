/**
 * Selection without sorting. A cut such as that of top-p is a prefix of an order. Its end is found by sorting the items into
 * coarse bins, then doing the same with the bin in which the prefix ends, and so on: a few linear passes instead of a sort.
 */

/** Where a prefix ends. */
export interface PrefixRule {
  /** Continue while the weight before an item is below this. */
  readonly mass: number;
  /** Take at least this many items. */
  readonly minimum?: number;
  /** Also take the items whose key equals that of the last one. */
  readonly ties?: boolean;
}

/**
 * Order the items 0..count-1 by rising key, then by rising index, and take the prefix that `rule` describes.
 * Returns its items, ascending.
 *
 * Example: keys [3, 1, 2], weights [0.2, 0.5, 0.3], mass 0.6: items 1 and 2, for the weight before 2 is 0.5 < 0.6.
 */
export function prefixOf(keys: Float64Array, weights: Float64Array, count: number, rule: PrefixRule): Int32Array {
  const { mass, minimum = 0, ties = false } = rule;
  const taken = (position: number, weightBefore: number): boolean => position < minimum || weightBefore < mass;

  // The prefix ends among the first `active` of `items`, initially all. Before them are `position` items of weight `weight`.
  let items: Int32Array | undefined;
  let active = count;
  let position = 0;
  let weight = 0;
  const binOf = scratchBins(count);
  const binWeight = new Float64Array(bins);
  const binSize = new Int32Array(bins);
  let lastItem = -1;
  let lastKey = -Infinity;
  for (;;) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < active; i++) {
      const key = keys[items === undefined ? i : items[i]!]!;
      if (key < low) low = key;
      if (key > high) high = key;
    }
    const scale = bins / (high - low);
    if (active <= 32 || !Number.isFinite(scale)) break;

    binWeight.fill(0);
    binSize.fill(0);
    for (let i = 0; i < active; i++) {
      const item = items === undefined ? i : items[i]!;
      const bin = Math.min(bins - 1, ((keys[item]! - low) * scale) | 0);
      binOf[i] = bin;
      binWeight[bin]! += weights[item]!;
      binSize[bin]! += 1;
    }
    let last = 0;
    let before = -1;
    while (last < bins && taken(position + binSize[last]!, weight + binWeight[last]!)) {
      position += binSize[last]!;
      weight += binWeight[last]!;
      if (binSize[last]! > 0) before = last;
      last++;
    }
    if (last === bins) return everything(count);
    const inside = new Int32Array(binSize[last]!);
    let size = 0;
    for (let i = 0; i < active; i++) {
      const bin = binOf[i]!;
      if (bin !== last && bin !== before) continue;
      const item = items === undefined ? i : items[i]!;
      if (bin === last) inside[size++] = item;
      else if (keys[item]! >= lastKey) {
        lastKey = keys[item]!;
        lastItem = item;
      }
    }
    items = inside;
    active = size;
  }
  items ??= everything(count);

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
  const items = new Int32Array(count);
  for (let i = 0; i < count; i++) items[i] = i;
  return items;
}

let scratch = new Uint8Array(0);

function scratchBins(count: number): Uint8Array {
  if (scratch.length < count) scratch = new Uint8Array(count);
  return scratch;
}
