/**
 * How a matrix is held in fewer bits: the formats of the fused engine, as files. A matrix [rows, columns] becomes two tensors:
 * its numbers, `<name>.packed`, and its scales, `<name>.scales`. Rows are outputs, whatever the checkpoint's own layout.
 */
export interface QuantizedFormat {
  readonly name: QuantizedFormatName;
  readonly packed: StoredAs;
  readonly scales: StoredAs;
  /** Largest magnitude of a number: what its scale can hold. */
  readonly largest: number;
  /** @returns the bytes of both tensors. */
  encode(values: Float32Array, columns: number): { readonly packed: Uint8Array; readonly scales: Uint8Array };
  /** @returns [rows, columns]. `scales` as float32. */
  decode(packed: Uint8Array, scales: Float32Array, columns: number): Float32Array;
}

/** The formats of quantized matrices. */
export type QuantizedFormatName = '8-bit' | '8-bit-blocks' | '4-bit-blocks';

/** A tensor as safetensors has it. */
export interface StoredAs {
  readonly dtype: 'I8' | 'U8' | 'F16' | 'F32';
  shape(rows: number, columns: number): readonly number[];
}

/** The largest finite float16. */
export const largestHalf = 65504;
/** The largest float32. */
export const largestFloat: number = (2 - 2 ** -23) * 2 ** 127;

/** Numbers that share a scale. The last block of a row may be shorter. */
export const blockSize = 32;

/** How many blocks of 32 a row has; the last may be shorter. */
export function blocksOf(columns: number): number {
  return Math.ceil(columns / blockSize);
}

/** Bytes of a view, whatever its element type. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The first number that a format cannot hold: infinities would come of it. */
export function outsideOf(values: Float32Array, largest: number): number | undefined {
  return values.find((value) => !(Math.abs(value) <= largest));
}
