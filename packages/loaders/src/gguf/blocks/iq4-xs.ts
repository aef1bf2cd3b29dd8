import { type BlockFormat, half } from './block-format.ts';
import { iq4Values } from './iq4-nl.ts';

/**
 * IQ4_XS: x = d (s - 32) v(q), with the table v of IQ4_NL and s of 6 bits for each 32 numbers. A half d, two bytes with the upper
 * two bits of each s, four bytes with the lower four, then 16 bytes for each 32 numbers as in Q4_0.
 */
export const iq4XS: BlockFormat = {
  values: 256,
  bytes: 136,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    const upper = bytes[from + 2]! | (bytes[from + 3]! << 8);
    for (let group = 0; group < 8; group++) {
      const lower = (bytes[from + 4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
      const step = d * ((lower | (((upper >> (2 * group)) & 3) << 4)) - 32);
      const q = from + 8 + 16 * group;
      for (let i = 0; i < 16; i++) {
        const pair = bytes[q + i]!;
        target[to + 32 * group + i] = step * iq4Values[pair & 15]!;
        target[to + 32 * group + 16 + i] = step * iq4Values[pair >> 4]!;
      }
    }
  },
};
