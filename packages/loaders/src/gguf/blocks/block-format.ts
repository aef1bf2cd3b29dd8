import { halfToFloat } from '../../weights/number-formats.ts';

/**
 * A quantized format of GGML: rows are split into blocks of `numbers` values, and each block is stored in `bytes` bytes. The
 * formulas are those of `dequantize_row_*` in llama.cpp's ggml/src/ggml-quants.c; GGUF.md beside the package says which.
 */
export interface BlockFormat {
  /** Numbers of a block. */
  readonly values: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** The block at `bytes[from]` to `target[to]`, `values` numbers. */
  decode(bytes: Uint8Array, from: number, target: Float32Array, to: number): void;
}

/** A half-precision number, little-endian. */
export function half(bytes: Uint8Array, at: number): number {
  return halfToFloat(bytes[at]! | (bytes[at + 1]! << 8));
}

/** A byte as a number from -128 to 127. */
export function signed(byte: number): number {
  return (byte << 24) >> 24;
}
