import { type BlockFormat, half } from '../block-format.ts';
import { gridOf } from './grids.ts';

/** What is added to the numbers of a group, or subtracted. */
export const shift: number = 0.125;

/**
 * IQ1_S: x = d (2 s + 1) (g ± 1/8). Eight numbers g, each -1, 0 or 1, are a row of a table. A half d, 32 bytes with the lower eight
 * bits of the rows, and for each 32 numbers two bytes: three upper bits of four rows, s of 3 bits, and the sign of 1/8.
 */
export const iq1S: BlockFormat = {
  values: 256,
  bytes: 50,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ1');
    const d = half(bytes, from);
    for (let group = 0; group < 8; group++) {
      const at = from + 34 + 2 * group;
      const bits = bytes[at]! | (bytes[at + 1]! << 8);
      const step = d * (2 * ((bits >> 12) & 7) + 1);
      const delta = (bits & 0x8000) === 0 ? shift : -shift;
      for (let part = 0; part < 4; part++) {
        const row = bytes[from + 2 + 4 * group + part]! | (((bits >> (3 * part)) & 7) << 8);
        for (let i = 0; i < 8; i++) target[to + 32 * group + 8 * part + i] = step * (grid[8 * row + i]! + delta);
      }
    }
  },
};
