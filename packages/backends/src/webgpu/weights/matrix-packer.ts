import { fromHalfBits, halfBits } from '../shaders/half-precision.ts';
import { inputsPerBlock, type MatrixLayout } from '../shaders/matrix-layout.ts';

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
        const bits = format === '8-bit-blocks' ? halfBits(Math.fround(largest(block) / 127)) : scaleOf4Bit(block);
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

/**
 * The scale of a block of 4-bit numbers as a half: one with which all numbers are exact, such as those of a file that was
 * quantized with other scales; otherwise the one that maps the number farthest from zero to -8.
 */
function scaleOf4Bit(block: Float32Array): number {
  const most = farthest(block);
  for (let code = -8; code < 8; code++) {
    const bits = code === 0 ? 0 : halfBits(Math.fround(most / code));
    const scale = fromHalfBits(bits);
    if (scale !== 0 && scale * code === most && block.every((value) => isCode(value / scale))) return bits;
  }
  return halfBits(Math.fround(most / -8));
}

function isCode(value: number): boolean {
  return Number.isInteger(value) && value >= -8 && value <= 7;
}

function farthest(numbers: Float32Array): number {
  let most = 0;
  for (const value of numbers) if (Math.abs(value) > Math.abs(most)) most = value;
  return most;
}
