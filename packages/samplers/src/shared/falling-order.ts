/**
 * Ids by falling logit; on ties, the lower id first. Removed tokens are left out. Only for rows without NaN.
 *
 * It is a radix sort on the bits of float32, linear in the row, for the few stages that need the whole order.
 */
export function fallingOrder(logits: Float32Array, candidates: Int32Array | undefined): Int32Array {
  const total = candidates?.length ?? logits.length;
  const values = new Float32Array(total);
  let ids = new Int32Array(total);
  let count = 0;
  for (let i = 0; i < total; i++) {
    const id = candidates === undefined ? i : candidates[i]!;
    const logit = logits[id]!;
    if (logit === -Infinity) continue;
    // Adding 0 gives -0 the bits of 0.
    values[count] = logit + 0;
    ids[count++] = id;
  }
  const bits = new Uint32Array(values.buffer);
  let keys = new Uint32Array(count);
  // The bits of negative numbers rise as their values fall; those of positive numbers are reversed.
  for (let i = 0; i < count; i++) keys[i] = bits[i]! >>> 31 === 1 ? bits[i]! : 0x7fff_ffff - bits[i]!;
  let otherKeys = new Uint32Array(count);
  let otherIds = new Int32Array(total);
  for (let shift = 0; shift < 33; shift += digit) {
    const starts = new Int32Array(radix + 1);
    for (let i = 0; i < count; i++) starts[((keys[i]! >>> shift) & (radix - 1)) + 1]!++;
    for (let value = 0; value < radix; value++) starts[value + 1]! += starts[value]!;
    for (let i = 0; i < count; i++) {
      const place = starts[(keys[i]! >>> shift) & (radix - 1)]!++;
      otherKeys[place] = keys[i]!;
      otherIds[place] = ids[i]!;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [ids, otherIds] = [otherIds, ids];
  }
  return ids.subarray(0, count);
}

const digit = 11;
const radix = 1 << digit;
