import { floatToHalf, halfToFloat } from '../weights/number-formats.ts';
import { firstOf } from './by-block-8-bit.ts';
import { rounded } from './by-row-8-bit.ts';
import { blockSize, blocksOf, bytesOf, largestHalf, type QuantizedFormat } from './quantized-format.ts';

/**
 * 4 bits with a half-precision scale for each 32 numbers of a row: x = scale (q - 8), q from 0 to 15. The scale is one with
 * which all numbers of the block are exact, if there is one, so that the codes of a Q4_0 file are found again, whatever scales it was
 * given. Otherwise it makes the number that is farthest from zero -8, the largest that 4 bits hold. A block is 16 bytes: number i in the lower half of byte i, number
 * 16 + i in the upper. 4.5 bits a number.
 */
export const byBlock4Bit: QuantizedFormat = {
  name: '4-bit-blocks',
  packed: { dtype: 'U8', shape: (rows, columns) => [rows, blocksOf(columns) * 16] },
  scales: { dtype: 'F16', shape: (rows, columns) => [rows, blocksOf(columns)] },
  largest: 8 * largestHalf,

  encode(values, columns) {
    const rows = values.length / columns;
    const blocks = blocksOf(columns);
    const packed = new Uint8Array(rows * blocks * 16);
    const scales = new Uint16Array(rows * blocks);
    for (let block = 0; block < rows * blocks; block++) {
      const first = firstOf(block, blocks, columns);
      const length = Math.min(blockSize, (Math.floor(block / blocks) + 1) * columns - first);
      let farthest = 0;
      for (let i = first; i < first + length; i++) if (Math.abs(values[i]!) > Math.abs(farthest)) farthest = values[i]!;
      scales[block] = scaleOf(values.subarray(first, first + length), farthest);
      const scale = halfToFloat(scales[block]!);
      const factor = scale === 0 ? 0 : Math.fround(1 / scale);
      for (let i = 0; i < blockSize; i++) {
        // What pads the last block is zero.
        const value = i < length ? values[first + i]! : 0;
        const q = Math.min(15, Math.max(0, rounded(value, factor) + 8));
        packed[block * 16 + (i & 15)]! |= i < 16 ? q : q << 4;
      }
    }
    return { packed, scales: bytesOf(scales) };
  },

  decode(packed, scales, columns) {
    const blocks = blocksOf(columns);
    const values = new Float32Array((scales.length / blocks) * columns);
    for (let block = 0; block < scales.length; block++) {
      const first = firstOf(block, blocks, columns);
      const length = Math.min(blockSize, (Math.floor(block / blocks) + 1) * columns - first);
      for (let i = 0; i < length; i++) {
        const pair = packed[block * 16 + (i & 15)]!;
        values[first + i] = scales[block]! * ((i < 16 ? pair & 15 : pair >> 4) - 8);
      }
    }
    return values;
  },
};

/** The scale of a block, as a half. */
function scaleOf(block: Float32Array, farthest: number): number {
  for (let code = -8; code < 8; code++) {
    const bits = code === 0 ? 0 : floatToHalf(farthest / code);
    const scale = halfToFloat(bits);
    if (scale !== 0 && scale * code === farthest && block.every((value) => isCode(value / scale))) return bits;
  }
  return floatToHalf(farthest / -8);
}

function isCode(value: number): boolean {
  return Number.isInteger(value) && value >= -8 && value <= 7;
}
