/** A sorted copy of ids, each once. Filters mostly pass ids that are sorted, and then nothing is sorted again. */
export function ascendingIds(ids: ArrayLike<number>): Int32Array {
  const copy = new Int32Array(ids.length);
  copy.set(ids);
  for (let i = 1; i < copy.length; i++)
    if (copy[i - 1]! >= copy[i]!) return copy.sort().filter((id, at) => at === 0 || id !== copy[at - 1]);
  return copy;
}

/** Whether a mask allows an id: one bit per token, lowest bit first. */
export function isAllowed(bits: Uint32Array, id: number): boolean {
  return ((bits[id >>> 5]! >>> (id & 31)) & 1) === 1;
}

/** The ids whose bits are set, ascending; undefined when there are more than `most`. */
export function idsOfBits(bits: Uint32Array, vocabSize: number, most: number): Int32Array | undefined {
  const ids = new Int32Array(most);
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    // Drop the lowest set bit until none is left.
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
      const id = 32 * word + 31 - Math.clz32(rest & -rest);
      if (id >= vocabSize) break;
      if (count === most) return undefined;
      ids[count++] = id;
    }
  }
  return ids.subarray(0, count);
}
