import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';
import { eightSigns } from './signs.ts';

/**
 * IQ2_XS: x = ± d (s + 1/2) / 4 g. A half d, for each 8 numbers two bytes with 9 bits of the row of a table and 7 bits of signs, and
 * 8 bytes with s of 4 bits for each 16 numbers.
 */
export const iq2XS: BlockFormat = {
  values: 256,
  bytes: 74,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ2_XS');
    const d = half(bytes, from);
    for (let part = 0; part < 32; part++) {
      const bits = bytes[from + 2 + 2 * part]! | (bytes[from + 3 + 2 * part]! << 8);
      const scale = (bytes[from + 66 + (part >> 2)]! >> (4 * ((part >> 1) & 1))) & 15;
      const step = d * (scale + 0.5) * 0.25;
      const signs = eightSigns(bits >> 9);
      const row = 8 * (bits & 511);
      for (let i = 0; i < 8; i++) target[to + 8 * part + i] = ((signs >> i) & 1 ? -step : step) * grid[row + i]!;
    }
  },
};
