import type { WeightFormat } from '../../graph/weight-format.ts';

/** Inputs of a quantized block; rows are padded with zeros to a multiple. */
export const inputsPerBlock = 32;

/** How a matrix lies in its buffer, in 32-bit words: all rows, then the scales. */
export interface MatrixLayout {
  readonly format: WeightFormat;
  readonly rows: number;
  /** Inputs as the model has them, and padded. */
  readonly inputs: number;
  readonly padded: number;
  readonly wordsPerRow: number;
  /** First word of the scales: float32 by row, or half precision by block, two to a word. */
  readonly scales: number;
  readonly words: number;
}

export function matrixLayout(format: WeightFormat, rows: number, inputs: number): MatrixLayout {
  const padded = Math.ceil(inputs / inputsPerBlock) * inputsPerBlock;
  const bits = { f32: 32, f16: 16, '8-bit': 8, '8-bit-blocks': 8, '4-bit-blocks': 4 }[format];
  const wordsPerRow = (padded * bits) / 32;
  const scales = rows * wordsPerRow;
  const blocks = (rows * padded) / inputsPerBlock;
  const scaleWords = format === '8-bit' ? rows : format.endsWith('-blocks') ? Math.ceil(blocks / 2) : 0;
  return { format, rows, inputs, padded, wordsPerRow, scales, words: scales + scaleWords };
}

/** Writes rows of a matrix, [rows, inputs] float32, into the words of its buffer. */
export class MatrixPacker {
  readonly layout: MatrixLayout;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #float32: Float32Array;
  readonly #row: Float32Array;

  constructor(layout: MatrixLayout) {
    this.layout = layout;
    this.words = new Uint32Array(layout.words);
    this.#float32 = new Float32Array(this.words.buffer);
    this.#row = new Float32Array(layout.padded);
  }

  /** Pack `values` as a row. */
  pack(row: number, values: Float32Array): void {
    const { format, wordsPerRow, scales, padded } = this.layout;
    const numbers = this.#row;
    numbers.set(values);
    const at = row * wordsPerRow;
    if (format === 'f32') this.#float32.set(numbers, at);
    else if (format === 'f16')
      for (let i = 0; i < padded; i += 2)
        this.words[at + i / 2] = halfBits(numbers[i]!) | (halfBits(numbers[i + 1]!) << 16);
    else if (format === '8-bit') {
      const scale = Math.fround(largest(numbers) / 127);
      this.#float32[scales + row] = scale;
      this.#integers(numbers, 0, padded, scale, at);
    } else
      for (let first = 0; first < padded; first += inputsPerBlock) {
        const block = numbers.subarray(first, first + inputsPerBlock);
        const scale = format === '8-bit-blocks' ? Math.fround(largest(block) / 127) : Math.fround(farthest(block) / -8);
        const bits = halfBits(scale);
        const index = (row * padded + first) / inputsPerBlock;
        this.words[scales + (index >> 1)]! |= bits << (16 * (index & 1));
        if (format === '8-bit-blocks') this.#integers(numbers, first, first + inputsPerBlock, fromHalfBits(bits), at);
        else this.#nibbles(numbers, first, fromHalfBits(bits), at);
      }
  }

  #integers(numbers: Float32Array, from: number, to: number, scale: number, at: number): void {
    for (let i = from; i < to; i++) {
      const value = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(numbers[i]! / scale)));
      this.words[at + (i >> 2)]! |= (value & 255) << (8 * (i & 3));
    }
  }

  #nibbles(numbers: Float32Array, first: number, scale: number, at: number): void {
    for (let i = first; i < first + inputsPerBlock; i++) {
      const value = scale === 0 ? 0 : Math.max(-8, Math.min(7, Math.round(numbers[i]! / scale)));
      this.words[at + (i >> 3)]! |= ((value + 8) & 15) << (4 * (i & 7));
    }
  }
}

function largest(numbers: Float32Array): number {
  let most = 0;
  for (const value of numbers) most = Math.max(most, Math.abs(value));
  return most;
}

function farthest(numbers: Float32Array): number {
  let most = 0;
  for (const value of numbers) if (Math.abs(value) > Math.abs(most)) most = value;
  return most;
}

const float = new Float32Array(1);
const bitsOfFloat = new Uint32Array(float.buffer);

/** The nearest half-precision number as bits, ties to even; numbers that are too large become the largest. */
export function halfBits(value: number): number {
  float[0] = Math.max(-65504, Math.min(65504, value));
  const bits = bitsOfFloat[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 127;
  if (exponent < -25) return sign;
  const fraction = (bits & 0x7fffff) | 0x800000;
  const shift = exponent < -14 ? -1 - exponent : 13;
  const half = exponent < -14 ? 0 : (exponent + 14) << 10;
  const rest = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const down = fraction >>> shift;
  return sign | (half + down + (rest > middle || (rest === middle && (down & 1) === 1) ? 1 : 0));
}

export function fromHalfBits(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}
