import { bytesOf, largestHalf } from '../quantization/quantized-format.ts';
import { floatToHalf } from '../weights/number-formats.ts';

/** A format in which a tensor stays one tensor. */
export interface PlainFormat {
  readonly dtype: string;
  /** Bytes of a number. */
  readonly bytes: number;
  /** Largest magnitude of a number; absent where every float32 can be written, also NaN and the infinities. */
  readonly largest?: number;
  encode(values: Float32Array): Uint8Array;
}

/** By the name of the conversion. */
export const plainFormats: ReadonlyMap<string, PlainFormat> = new Map<string, PlainFormat>([
  ['f32', { dtype: 'F32', bytes: 4, encode: bytesOf }],
  [
    'f16',
    {
      dtype: 'F16',
      bytes: 2,
      largest: largestHalf,
      encode: (values) => bytesOf(Uint16Array.from(values, floatToHalf)),
    },
  ],
  ['bf16', { dtype: 'BF16', bytes: 2, encode: (values) => bytesOf(upperHalves(values)) }],
]);

/** bfloat16: the upper half of a float32, rounded to the nearest, of two to the even one. */
function upperHalves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (whole, i) =>
    Number.isNaN(values[i]!) ? (whole >>> 16) | 0x40 : (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16,
  );
}
