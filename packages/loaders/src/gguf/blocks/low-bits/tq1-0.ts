import { type BlockFormat, half } from '../block-format.ts';

/**
 * TQ1_0: x = d (q - 1), q one of 0, 1, 2. Five q in a byte, as the digits of a fraction in base 3: 32 bytes hold 160 numbers, 16
 * bytes the next 80, and 4 bytes, with four q each, the last 16. A half d follows.
 */
export const tq10: BlockFormat = {
  values: 256,
  bytes: 54,
  decode(bytes, from, target, to) {
    const d = half(bytes, from + 52);
    let next = to;
    for (const [first, count, digits] of parts)
      for (let digit = 0; digit < digits; digit++)
        for (let i = 0; i < count; i++)
          // The digit that is asked for comes first when those in front of it are multiplied out of the byte.
          target[next++] = d * (((((bytes[from + first + i]! * powers[digit]!) & 255) * 3) >> 8) - 1);
  },
};

const powers = [1, 3, 9, 27, 81];
/** First byte, bytes, digits of a byte. */
const parts = [
  [0, 32, 5],
  [32, 16, 5],
  [48, 4, 4],
] as const;
