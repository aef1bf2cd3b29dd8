import type { WeightFormat } from '../../graph/weight-format.ts';
import {
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  rowsPerGroup,
} from '../module/layout.ts';

/** The number of a format in the kernels. 8 bits per row are laid out for planes where those are used. */
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

/** Inputs, padding included. */
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
