import { type BlockFormat, half } from './block-format.ts';

/** Q4_0: x = d (q - 8). A half d, then 16 bytes whose lower halves are q 0 to 15 and whose upper ones are q 16 to 31. */
export const q40: BlockFormat = {
  values: 32,
  bytes: 18,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 2 + i]!;
      target[to + i] = d * ((pair & 15) - 8);
      target[to + 16 + i] = d * ((pair >> 4) - 8);
    }
  },
};
