import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';

/**
 * IQ2_S: x = ± d (s + 1/2) / 4 g. A half d, 32 bytes with the lower eight bits of the rows of a table, 32 bytes of signs, 8 bytes with
 * two upper bits of four rows each, and 8 bytes with s of 4 bits for each 16 numbers.
 */
export const iq2S: BlockFormat = {
  values: 256,
  bytes: 82,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ2_S');
    const d = half(bytes, from);
    for (let part = 0; part < 32; part++) {
      const upper = (bytes[from + 66 + (part >> 2)]! >> (2 * (part & 3))) & 3;
      const scale = (bytes[from + 74 + (part >> 2)]! >> (4 * ((part >> 1) & 1))) & 15;
      const step = d * (scale + 0.5) * 0.25;
      const signs = bytes[from + 34 + part]!;
      const row = 8 * (bytes[from + 2 + part]! | (upper << 8));
      for (let i = 0; i < 8; i++) target[to + 8 * part + i] = ((signs >> i) & 1 ? -step : step) * grid[row + i]!;
    }
  },
};
