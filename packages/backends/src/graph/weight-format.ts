import { outputsOf, type WeightRequest } from '@tokenwright/core/engine';

/**
 * How an engine stores matrices:
 * - `f32`: float32, as in the checkpoint.
 * - `f16`: half precision.
 * - `8-bit`: 8 bits with a float32 scale per output.
 * - `8-bit-blocks`: 8 bits with a half-precision scale per 32 inputs of an output; 8.5 bits per weight.
 * - `4-bit-blocks`: 4 bits with such scales; 4.5 bits per weight.
 *
 * Norms, biases, and tables of positions and angles are always float32.
 */
export type WeightFormat = 'f32' | 'f16' | '8-bit' | '8-bit-blocks' | '4-bit-blocks';

/** A format, or `auto`: `8-bit` for a model of more than 100 million parameters, `f32` for a smaller one. */
export type WeightOption = WeightFormat | 'auto';

export const weightFormats: readonly WeightFormat[] = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

export const weightOptions: readonly WeightOption[] = ['auto', ...weightFormats];

/** `auto` uses 8 bits above this number of parameters. */
export const largestModelInFullPrecision = 100e6;

/** Resolves the option to a format. @param parameters numbers in the model's matrices and vectors. */
export function formatFor(option: WeightOption, parameters: number): WeightFormat {
  if (option !== 'auto') return option;
  return parameters > largestModelInFullPrecision ? '8-bit' : 'f32';
}

/** Numbers in the matrices and vectors of a model. Computed tables are not parameters. */
export function parametersOf(requests: readonly WeightRequest[]): number {
  let sum = 0;
  for (const request of requests)
    if (request.kind === 'matrix') sum += outputsOf(request.shape) * request.shape.inputs;
    else if (request.kind === 'vector') sum += request.lengths.reduce((total, length) => total + length, 0);
  return sum;
}
