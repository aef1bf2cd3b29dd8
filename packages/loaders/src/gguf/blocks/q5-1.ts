import { type BlockFormat, half } from './block-format.ts';
import { fifthBit } from './q5-0.ts';

/** Q5_1: x = d q + m. Halves d and m, then q as in Q5_0. */
export const q51: BlockFormat = {
  values: 32,
  bytes: 24,
  decode(bytes, from, target, to) {
    const d = half(bytes, from);
    const m = half(bytes, from + 2);
    for (let i = 0; i < 16; i++) {
      const pair = bytes[from + 8 + i]!;
      target[to + i] = Math.fround(d * ((pair & 15) | fifthBit(bytes, from + 4, i))) + m;
      target[to + 16 + i] = Math.fround(d * ((pair >> 4) | fifthBit(bytes, from + 4, 16 + i))) + m;
    }
  },
};
