import { bytesOf, largestFloat, type QuantizedFormat } from './quantized-format.ts';

/**
 * 8 bits with a float32 scale for each row: x = scale q, q from -127 to 127. The number that is farthest from zero is 127 or -127.
 */
export const byRow8Bit: QuantizedFormat = {
  name: '8-bit',
  packed: { dtype: 'I8', shape: (rows, columns) => [rows, columns] },
  scales: { dtype: 'F32', shape: (rows) => [rows] },
  largest: largestFloat,

  encode(values, columns) {
    const rows = values.length / columns;
    const packed = new Int8Array(values.length);
    const scales = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const first = row * columns;
      let largest = 0;
      for (let i = first; i < first + columns; i++) largest = Math.max(largest, Math.abs(values[i]!));
      scales[row] = largest / 127;
      const factor = largest > 0 ? Math.fround(127 / largest) : 0;
      for (let i = first; i < first + columns; i++) packed[i] = rounded(values[i]!, factor);
    }
    return { packed: bytesOf(packed), scales: bytesOf(scales) };
  },

  decode(packed, scales, columns) {
    const signed = new Int8Array(packed.buffer, packed.byteOffset, packed.length);
    const values = new Float32Array(signed.length);
    for (let row = 0; row < scales.length; row++)
      for (let i = row * columns; i < (row + 1) * columns; i++) values[i] = scales[row]! * signed[i]!;
    return values;
  },
};

/** value * factor in float32, to the nearest integer, of two to the even one: as the engine computes it, so that it finds the same. */
export function rounded(value: number, factor: number): number {
  const product = Math.fround(value * factor);
  const down = Math.floor(product);
  const rest = product - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}
