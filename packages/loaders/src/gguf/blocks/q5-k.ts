import { type BlockFormat, half } from './block-format.ts';
import { offsetOf, scaleOf } from './q4-k.ts';

/**
 * Q5_K: x = d s q - dmin m. Halves d and dmin and 12 bytes of scales as in Q4_K, 32 bytes with the fifth bits of q (bit i for the
 * group i of 32 numbers), 128 bytes with the lower four as in Q4_K.
 */
export const q5K: BlockFormat = {
  values: 256,
  bytes: 176,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    const least = half(bytes, from + 2);
    for (let group = 0; group < 8; group++) {
      const step = Math.fround(d * scaleOf(bytes, from + 4, group));
      const offset = Math.fround(least * offsetOf(bytes, from + 4, group));
      const low = from + 48 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) {
        const fifth = ((bytes[from + 16 + i]! >> group) & 1) << 4;
        target[to + 32 * group + i] = Math.fround(step * (((bytes[low + i]! >> shift) & 15) | fifth)) - offset;
      }
    }
  },
};
