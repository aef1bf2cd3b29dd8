import {
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  rowsPerGroup,
} from './layout.ts';

/**
 * How matrices are held:
 * - `f32`: as they are.
 * - `f16`: half precision.
 * - `8-bit`: 8 bits with a float32 scale for each output.
 * - `8-bit-blocks`: 8 bits with a half-precision scale for each 32 inputs of an output; 8.5 bits a weight.
 * - `4-bit-blocks`: 4 bits, likewise; 4.5 bits a weight.
 *
 * Norms, biases, and tables of positions and angles are float32 always.
 */
export type WeightFormat = 'f32' | 'f16' | '8-bit' | '8-bit-blocks' | '4-bit-blocks';

export const weightFormats: readonly WeightFormat[] = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

/** The number that the kernels know a format by. 8 bits by row are laid out for planes where those are multiplied. */
export function formatCode(format: WeightFormat, planes: boolean): number {
  if (planes && format === '8-bit') return format8BitPlanes;
  return {
    f32: formatFloat32,
    f16: formatFloat16,
    '8-bit': format8Bit,
    '8-bit-blocks': format8BitBlocks,
    '4-bit-blocks': format4BitBlocks,
  }[format];
}

/** Inputs with their padding. */
export function paddedInputs(inputs: number): number {
  return Math.ceil(inputs / inputsPerBlock) * inputsPerBlock;
}

/** Bytes of a group of eight rows of `inputs` (padded) weights, without the scales of the `8-bit` format. */
export function groupBytes(format: WeightFormat, inputs: number): number {
  const numbers = rowsPerGroup * inputs;
  const blocks = numbers / inputsPerBlock;
  switch (format) {
    case 'f32':
      return numbers * 4;
    case 'f16':
      return numbers * 2;
    case '8-bit':
      return numbers;
    case '8-bit-blocks':
      return numbers + blocks * 2;
    case '4-bit-blocks':
      return numbers / 2 + blocks * 2;
  }
}
