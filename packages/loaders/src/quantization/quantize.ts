import { ParameterError } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import { floatToHalf, halfToFloat } from '../weights/number-formats.ts';
import { bytesOf, largestHalf, outsideOf, type QuantizedFormat, type QuantizedFormatName } from './quantized-format.ts';
import { quantizedFormats } from './quantized-formats.ts';

/** What `quantize` makes. */
export type QuantizationFormat = 'f16' | QuantizedFormatName;

/** A matrix in fewer bits. */
export interface QuantizedMatrix {
  readonly format: QuantizationFormat;
  /** [rows, columns]. */
  readonly shape: readonly [number, number];
  /**
   * The integers q, row after row: of 8 bits int8 [rows, columns]; of 4 bits [rows, 16 · blocks] with blocks = ⌈columns / 32⌉,
   * number i of a block in the lower half of byte i, number 16 + i in the upper. Of `f16` the numbers themselves.
   */
  readonly packed: Uint8Array;
  /** [rows] of `8-bit`; of blocks [rows, blocks], half-precision numbers as float32; none of `f16`. */
  readonly scales: Float32Array;
  /** What packed numbers and scales take as stored, where a scale of a block has 16 bits. */
  readonly bytes: number;
  readonly error: QuantizationError;
}

/** How far the numbers are from those that were quantized. */
export interface QuantizationError {
  /** Largest distance of a number. */
  readonly largest: number;
  /** Root of the mean squared distance, as a share of the root of the mean square of the numbers; 0 for zeros. */
  readonly relative: number;
}

/**
 * Hold a matrix in 16, 8 or 4 bits, with its error: what `convertModel` writes, and bit for bit what the fused engines of
 * `@tokenwright/backends` hold with their option `weights` of the same name.
 *
 * - `f16`: half precision.
 * - `8-bit`: x = scale · q, q from -127 to 127, a float32 scale for each row. 8 bits per number and 4 bytes per row.
 * - `8-bit-blocks`: the same with a half-precision scale for each 32 numbers of a row. 8.5 bits a number.
 * - `4-bit-blocks`: x = scale · (q - 8), q from 0 to 15, a half-precision scale for each 32 numbers of a row: one with which
 *   all 32 are exact, if there is one, otherwise the one that makes the number that is farthest from zero -8. 4.5 bits a number.
 *
 * Rows are outputs: all inputs of an output share its scale, or those of its blocks. The last block of a row may be shorter,
 * and is padded with zeros where 4 bits are packed.
 *
 * Values that were quantized before are rounded a second time, unless the format finds their codes again: then `error.largest` is 0.
 *
 * @param values [rows, columns], row-major.
 * @throws ParameterError for a format that does not exist, for columns that do not divide the values, and for a number that the
 * format cannot hold: NaN, an infinity, or one beyond its largest scale.
 */
export function quantize(values: Float32Array, columns: number, format: QuantizationFormat): QuantizedMatrix {
  const chosen = codecOf('quantize', format);
  checkInteger('quantize', 'columns', columns, 1);
  if (values.length % columns !== 0)
    throw new ParameterError('quantize', 'columns', `a divisor of the ${values.length} values`, columns);
  const outside = outsideOf(values, chosen.largest);
  if (outside !== undefined) throw new ParameterError('quantize', 'values', `numbers up to ${chosen.largest}`, outside);

  const { packed, scales: stored } = chosen.encode(values, columns);
  const scales =
    chosen.scales.dtype === 'F16'
      ? Float32Array.from(new Uint16Array(stored.buffer, stored.byteOffset, stored.byteLength / 2), halfToFloat)
      : new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4);
  return {
    format,
    shape: [values.length / columns, columns],
    packed,
    scales,
    bytes: packed.byteLength + stored.byteLength,
    error: errorOf(chosen.decode(packed, scales, columns), values),
  };
}

/** The numbers of a quantized matrix, float32 [rows, columns]. */
export function dequantize({ format, shape, packed, scales }: QuantizedMatrix): Float32Array {
  return codecOf('dequantize', format).decode(packed, scales, shape[1]);
}

type Codec = Pick<QuantizedFormat, 'largest' | 'encode' | 'decode'> & { readonly scales: { readonly dtype: string } };

const halves: Codec = {
  scales: { dtype: 'F32' },
  largest: largestHalf,
  encode: (values) => ({ packed: bytesOf(Uint16Array.from(values, floatToHalf)), scales: new Uint8Array(0) }),
  decode: (packed) =>
    Float32Array.from(new Uint16Array(packed.buffer, packed.byteOffset, packed.byteLength / 2), halfToFloat),
};

function codecOf(owner: string, format: QuantizationFormat): Codec {
  const codec = format === 'f16' ? halves : quantizedFormats.get(format);
  if (codec === undefined)
    throw new ParameterError(owner, 'format', `one of f16, ${[...quantizedFormats.keys()].join(', ')}`, format);
  return codec;
}

function errorOf(received: Float32Array, expected: Float32Array): QuantizationError {
  let [largest, squares, all] = [0, 0, 0];
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs(received[i]! - value);
    largest = Math.max(largest, distance);
    squares += distance * distance;
    all += value * value;
  }
  return { largest, relative: all === 0 ? 0 : Math.sqrt(squares / all) };
}
