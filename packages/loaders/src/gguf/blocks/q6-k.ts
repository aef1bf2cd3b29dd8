import { type BlockFormat, half, signed } from './block-format.ts';

/**
 * Q6_K: x = d s (q - 32), with s a signed byte for each 16 numbers. 128 bytes with the lower four bits of q, 64 with the upper
 * two, 16 bytes s, a half d. For each 128 numbers: 64 bytes, whose lower halves are the first 64, and 32 bytes, whose lowest two
 * bits are those of the first 32, and so on.
 */
export const q6K: BlockFormat = {
  values: 256,
  bytes: 210,
  decode(bytes, from, target, to) {
    const d = half(bytes, from + 208);
    for (let group = 0; group < 16; group++) {
      const step = Math.fround(d * signed(bytes[from + 192 + group]!));
      const part = group >> 3;
      const within = 16 * (group & 7);
      const low = from + 64 * part + (within & 63);
      const high = from + 128 + 32 * part + (within & 31);
      const lowShift = 4 * (within >> 6);
      const highShift = 2 * (within >> 5);
      for (let i = 0; i < 16; i++) {
        const q = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        target[to + 16 * group + i] = step * (q - 32);
      }
    }
  },
};
