import { type BlockFormat, half } from './block-format.ts';

/**
 * Q4_K: x = d s q - dmin m, with s and m of 6 bits for each 32 numbers. Halves d and dmin, 12 bytes of scales, 128 bytes of q:
 * each 32 bytes hold 64 numbers, the first 32 in their lower halves.
 */
export const q4K: BlockFormat = {
  values: 256,
  bytes: 144,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    const least = half(bytes, from + 2);
    for (let group = 0; group < 8; group++) {
      const step = Math.fround(d * scaleOf(bytes, from + 4, group));
      const offset = Math.fround(least * offsetOf(bytes, from + 4, group));
      const q = from + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++)
        target[to + 32 * group + i] = Math.fround(step * ((bytes[q + i]! >> shift) & 15)) - offset;
    }
  },
};

/** s of group i: bytes 0 to 3 hold the first four; of the others, bytes 8 to 11 hold four bits and bytes 0 to 3 the upper two. */
export function scaleOf(bytes: Uint8Array, from: number, i: number): number {
  if (i < 4) return bytes[from + i]! & 63;
  return (bytes[from + 4 + i]! & 15) | ((bytes[from + i - 4]! >> 6) << 4);
}

/** m of group i, likewise: bytes 4 to 7, and the upper halves of bytes 8 to 11. */
export function offsetOf(bytes: Uint8Array, from: number, i: number): number {
  if (i < 4) return bytes[from + 4 + i]! & 63;
  return (bytes[from + 4 + i]! >> 4) | ((bytes[from + i]! >> 6) << 4);
}
