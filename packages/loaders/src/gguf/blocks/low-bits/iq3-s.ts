import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';

/**
 * IQ3_S: x = ± d (2 s + 1) g. Four numbers g are a row of a table. A half d, 64 bytes with the lower eight bits of the rows, 8 bytes
 * with their upper bits, 32 bytes of signs, and 4 bytes with s of 4 bits for each 32 numbers.
 */
export const iq3S: BlockFormat = {
  values: 256,
  bytes: 110,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ3_S');
    const d = half(bytes, from);
    for (let i = 0; i < 256; i++) {
      const part = i >> 2;
      const upper = (bytes[from + 66 + (part >> 3)]! >> (part & 7)) & 1;
      const scale = (bytes[from + 106 + (i >> 6)]! >> (4 * ((i >> 5) & 1))) & 15;
      const minus = (bytes[from + 74 + (i >> 3)]! >> (i & 7)) & 1;
      const step = d * (2 * scale + 1);
      target[to + i] = (minus ? -step : step) * grid[4 * (bytes[from + 2 + part]! | (upper << 8)) + (i & 3)]!;
    }
  },
};
