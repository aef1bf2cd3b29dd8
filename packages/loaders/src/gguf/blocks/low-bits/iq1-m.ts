import { halfToFloat } from '../../../weights/number-formats.ts';
import type { BlockFormat } from '../block-format.ts';
import { gridOf } from './grids.ts';
import { shift } from './iq1-s.ts';

/**
 * IQ1_M: as IQ1_S, with s for each 16 numbers and a sign for each 8. 32 bytes with the lower eight bits of the rows, 16 bytes with
 * three upper bits and the sign of two rows each, and four times 16 bits, each with four s and a quarter of the half d.
 */
export const iq1M: BlockFormat = {
  values: 256,
  bytes: 56,
  decode(bytes, from, target, to) {
    const grid = gridOf('IQ1');
    const scales = [0, 1, 2, 3].map((i) => bytes[from + 48 + 2 * i]! | (bytes[from + 49 + 2 * i]! << 8));
    const d = halfToFloat(scales.reduce((bits, scale, i) => bits | ((scale >> 12) << (4 * i)), 0));
    for (let part = 0; part < 32; part++) {
      const upper = (bytes[from + 32 + (part >> 1)]! >> (4 * (part & 1))) & 15;
      const row = bytes[from + part]! | ((upper & 7) << 8);
      const step = d * (2 * ((scales[part >> 3]! >> (3 * ((part >> 1) & 3))) & 7) + 1);
      const delta = (upper & 8) === 0 ? shift : -shift;
      for (let i = 0; i < 8; i++) target[to + 8 * part + i] = step * (grid[8 * row + i]! + delta);
    }
  },
};
