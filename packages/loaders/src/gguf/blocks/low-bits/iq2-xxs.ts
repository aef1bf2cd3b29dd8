import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';
import { eightSigns, word } from './signs.ts';

/**
 * IQ2_XXS: x = ± d (s + 1/2) / 4 g. Eight numbers g are a row of a table. A half d, and for each 32 numbers the bytes of four rows,
 * then 32 bits: the signs of four times eight numbers, 7 bits each, and s of 4 bits.
 */
export const iq2XXS: BlockFormat = {
  values: 256,
  bytes: 66,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ2_XXS');
    const d = half(bytes, from);
    for (let group = 0; group < 8; group++) {
      const at = from + 2 + 8 * group;
      const bits = word(bytes, at + 4);
      const step = d * ((bits >>> 28) + 0.5) * 0.25;
      for (let part = 0; part < 4; part++) {
        const row = 8 * bytes[at + part]!;
        const signs = eightSigns((bits >>> (7 * part)) & 127);
        for (let i = 0; i < 8; i++)
          target[to + 32 * group + 8 * part + i] = ((signs >> i) & 1 ? -step : step) * grid[row + i]!;
      }
    }
  },
};
