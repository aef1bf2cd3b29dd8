import { type BlockFormat, half } from './block-format.ts';

/**
 * Q2_K: x = d s q - dmin m, with s and m of 4 bits for each 16 numbers. 16 bytes (s in the lower half, m in the upper), 64 bytes
 * of q, halves d and dmin. Each 32 bytes of q hold 128 numbers: the lowest two bits are the first 32, the next two the next.
 */
export const q2K: BlockFormat = {
  values: 256,
  bytes: 84,
  decode(bytes, from, target, to) {
    const d = half(bytes, from + 80);
    const least = half(bytes, from + 82);
    for (let group = 0; group < 16; group++) {
      const scale = bytes[from + group]!;
      const step = Math.fround(d * (scale & 15));
      const offset = Math.fround(least * (scale >> 4));
      const q = from + 16 + 32 * (group >> 3) + 16 * (group & 1);
      const shift = 2 * ((group >> 1) & 3);
      for (let i = 0; i < 16; i++)
        target[to + 16 * group + i] = Math.fround(step * ((bytes[q + i]! >> shift) & 3)) - offset;
    }
  },
};
