import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';
import { eightSigns, word } from './signs.ts';

/**
 * IQ3_XXS: x = ± d (s + 1/2) / 2 g. Four numbers g are a row of a table. A half d, 64 bytes with the rows, and for each 32 numbers 32
 * bits: the signs of four times eight numbers, 7 bits each, and s of 4 bits.
 */
export const iq3XXS: BlockFormat = {
  values: 256,
  bytes: 98,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ3_XXS');
    const d = half(bytes, from);
    for (let group = 0; group < 8; group++) {
      const bits = word(bytes, from + 66 + 4 * group);
      const step = d * ((bits >>> 28) + 0.5) * 0.5;
      for (let i = 0; i < 32; i++) {
        const signs = eightSigns((bits >>> (7 * (i >> 3))) & 127);
        const row = 4 * bytes[from + 2 + 8 * group + (i >> 2)]!;
        target[to + 32 * group + i] = ((signs >> (i & 7)) & 1 ? -step : step) * grid[row + (i & 3)]!;
      }
    }
  },
};
