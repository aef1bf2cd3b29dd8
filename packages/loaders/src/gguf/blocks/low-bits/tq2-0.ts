import { type BlockFormat, half } from '../block-format.ts';

/** TQ2_0: x = d (q - 1), q of 2 bits. Each 32 bytes hold 128 numbers, the first 32 in the lowest bits. A half d follows. */
export const tq20: BlockFormat = {
  values: 256,
  bytes: 66,
  decode(bytes, from, target, to) {
    const d = half(bytes, from + 64);
    for (let i = 0; i < 256; i++) {
      const byte = bytes[from + 32 * (i >> 7) + (i & 31)]!;
      target[to + i] = d * (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1);
    }
  },
};
