import type { BlockFormat } from './block-format.ts';

/**
 * Twice the numbers of E2M1, a float of 4 bits: one sign, two bits of exponent, one of mantissa (Open Compute Project, Microscaling
 * Formats 1.0). Minus zero is zero.
 */
const doubled = Int8Array.of(...[0, 1, 2, 3, 4, 6, 8, 12], ...[0, -1, -2, -3, -4, -6, -8, -12]);

/** MXFP4: x = 2^(e - 127) m(q), m an E2M1 number. A byte e, then 16 bytes as in Q4_0. */
export const mxfp4: BlockFormat = {
  values: 32,
  bytes: 17,
  decode(bytes, from, target, to) {
    const scale = 2 ** (bytes[from]! - 128);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 1 + i]!;
      target[to + i] = scale * doubled[pair & 15]!;
      target[to + 16 + i] = scale * doubled[pair >> 4]!;
    }
  },
};
