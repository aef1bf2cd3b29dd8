import { type BlockFormat, half } from './block-format.ts';

/** Q4_1: x = d q + m. Halves d and m, then q as in Q4_0. */
export const q41: BlockFormat = {
  values: 32,
  bytes: 20,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    const m = half(bytes, from + 2);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 4 + i]!;
      target[to + i] = Math.fround(d * (pair & 15)) + m;
      target[to + 16 + i] = Math.fround(d * (pair >> 4)) + m;
    }
  },
};
