import { type BlockFormat, half } from './block-format.ts';

/**
 * Q3_K: x = d (s - 32) (q - 4), with s of 6 bits for each 16 numbers. 32 bytes with the third bits of q, 64 bytes with the lower
 * two as in Q2_K, 12 bytes of scales, a half d. The third bits of numbers 32 i to 32 i + 31 are bit i of the 32 bytes.
 */
export const q3K: BlockFormat = {
  values: 256,
  bytes: 110,
  decode(bytes, from, target, to) {
    const d = half(bytes, from + 108);
    for (let group = 0; group < 16; group++) {
      const step = Math.fround(d * (scaleOf(bytes, from + 96, group) - 32));
      const low = from + 32 + 32 * (group >> 3) + 16 * (group & 1);
      const high = from + 16 * (group & 1);
      const shift = 2 * ((group >> 1) & 3);
      for (let i = 0; i < 16; i++) {
        const third = ((bytes[high + i]! >> (group >> 1)) & 1) << 2;
        target[to + 16 * group + i] = step * ((((bytes[low + i]! >> shift) & 3) | third) - 4);
      }
    }
  },
};

/** Scale i: its lower four bits in the halves of bytes 0 to 7, its upper two in the quarters of bytes 8 to 11. */
function scaleOf(bytes: Uint8Array, from: number, i: number): number {
  const low = (bytes[from + (i & 7)]! >> (4 * (i >> 3))) & 15;
  const high = (bytes[from + 8 + (i & 3)]! >> (2 * (i >> 2))) & 3;
  return low | (high << 4);
}
