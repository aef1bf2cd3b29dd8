import { floatToHalf, halfToFloat } from '../weights/number-formats.ts';
import { rounded } from './by-row-8-bit.ts';
import { blockSize, blocksOf, bytesOf, largestHalf, type QuantizedFormat } from './quantized-format.ts';

/** 8 bits with a half-precision scale for each 32 numbers of a row: x = scale q, q from -127 to 127. 8.5 bits a number. */
export const byBlock8Bit: QuantizedFormat = {
  name: '8-bit-blocks',
  packed: { dtype: 'I8', shape: (rows, columns) => [rows, columns] },
  scales: { dtype: 'F16', shape: (rows, columns) => [rows, blocksOf(columns)] },
  largest: 127 * largestHalf,

  encode(values, columns) {
    const rows = values.length / columns;
    const blocks = blocksOf(columns);
    const packed = new Int8Array(values.length);
    const scales = new Uint16Array(rows * blocks);
    for (let block = 0; block < rows * blocks; block++) {
      const first = firstOf(block, blocks, columns);
      const end = Math.min(first + blockSize, (Math.floor(block / blocks) + 1) * columns);
      let largest = 0;
      for (let i = first; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
      scales[block] = floatToHalf(Math.fround(largest / 127));
      const scale = halfToFloat(scales[block]!);
      const factor = scale > 0 ? Math.fround(1 / scale) : 0;
      for (let i = first; i < end; i++) packed[i] = Math.min(127, Math.max(-127, rounded(values[i]!, factor)));
    }
    return { packed: bytesOf(packed), scales: bytesOf(scales) };
  },

  decode(packed, scales, columns) {
    const signed = new Int8Array(packed.buffer, packed.byteOffset, packed.length);
    const values = new Float32Array(signed.length);
    const blocks = blocksOf(columns);
    for (let block = 0; block < scales.length; block++) {
      const first = firstOf(block, blocks, columns);
      const end = Math.min(first + blockSize, (Math.floor(block / blocks) + 1) * columns);
      for (let i = first; i < end; i++) values[i] = scales[block]! * signed[i]!;
    }
    return values;
  },
};

/** First number of a block, counted through all rows. */
export function firstOf(block: number, blocks: number, columns: number): number {
  return Math.floor(block / blocks) * columns + (block % blocks) * blockSize;
}
