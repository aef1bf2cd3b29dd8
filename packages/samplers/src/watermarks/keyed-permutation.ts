/**
 * A permutation of 0 ... size - 1 selected by a key of integers. It gives the place of one number without computing the
 * others.
 *
 * It is a Feistel network of six rounds over the smallest power of two that holds `size` (at least 4); a result outside is
 * permuted again until it is inside. Round r changes one half of the bits by xor with the low bits of
 * mix((other half) * 0x9e3779b1 xor k_r), where mix is the finalizer of MurmurHash3 and k_r = mix(k_(r-1) + word + r) runs
 * over the words of the key.
 */
export function keyedPermutation(size: number, key: readonly number[]): (value: number) => number {
  const bits = Math.max(2, Math.ceil(Math.log2(size)));
  const low = bits >> 1;
  const lowMask = (1 << low) - 1;
  const highMask = (1 << (bits - low)) - 1;
  const rounds = new Int32Array(6);
  let state = 0;
  for (let round = 0; round < rounds.length; round++) {
    // Both halves of a word are mixed in, so that keys up to 2^53 differ.
    for (const word of key) state = mix(mix((state + word + round) | 0) + Math.floor(word / 0x1_0000_0000));
    rounds[round] = state;
  }
  return (value) => {
    let result = value;
    do {
      let right = result & lowMask;
      let left = (result >>> low) & highMask;
      for (let round = 0; round < rounds.length; round += 2) {
        left ^= mix(Math.imul(right, 0x9e3779b1) ^ rounds[round]!) & highMask;
        right ^= mix(Math.imul(left, 0x9e3779b1) ^ rounds[round + 1]!) & lowMask;
      }
      result = ((left << low) | right) >>> 0;
    } while (result >= size);
    return result;
  };
}

/** MurmurHash3's finalizer: int32 to int32. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
