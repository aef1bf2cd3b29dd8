import type { WeightFormat } from '../../graph/weight-format.ts';

/** Inputs per quantized block. Rows are padded with zeros to a multiple. */
export const inputsPerBlock = 32;

/** Layout of a matrix in its buffer, in 32-bit words: all rows, then the scales. */
export interface MatrixLayout {
  readonly format: WeightFormat;
  readonly rows: number;
  /** Number of inputs in the model, and padded. */
  readonly inputs: number;
  readonly padded: number;
  readonly wordsPerRow: number;
  /** First word of the scales: float32 per row, or half precision per block, two per word. */
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
