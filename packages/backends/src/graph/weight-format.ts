import { LoadError } from '@tokenwright/core';
import { outputsOf, SecondRounding, type WeightRequest, type WeightSource } from '@tokenwright/core/engine';

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

/**
 * The largest magnitude of a weight that a format holds. Beyond 65,520 a number is rounded to infinity in half
 * precision; blocks have scales of that type.
 */
export function largestWeight(format: WeightFormat): number {
  const belowHalfInfinity = 65519;
  if (format === 'f16') return belowHalfInfinity;
  if (format === '8-bit-blocks') return belowHalfInfinity * 127;
  if (format === '4-bit-blocks') return belowHalfInfinity * 8;
  return 3.4028234663852886e38;
}

/**
 * Refuse a weight that is NaN, infinite or too large for a format. In float32 such a weight reaches the logits, where
 * it is an `InvalidLogitsError`. The other formats would replace it with a number.
 * @param names the tensors of the matrix. @param place row and column.
 * @throws LoadError always.
 */
export function refuseWeight(
  source: string,
  names: readonly string[],
  place: readonly [number, number],
  value: number,
  format: WeightFormat,
): never {
  const [row, column] = place;
  const limit = Number.isFinite(value) ? `magnitudes up to ${largestWeight(format)}` : 'finite numbers';
  throw new LoadError(
    source,
    `the weight of output ${row}, input ${column} is ${value}; weights in the format '${format}' must be ${limit}`,
    names.join(', '),
  );
}

/**
 * Watch the reading of matrices that become a format, for those that are rounded a second time.
 * @param requests all that become the format.
 */
export function watchRounding(
  source: WeightSource,
  requests: readonly WeightRequest[],
  format: WeightFormat,
): { readonly source: WeightSource; notice(): string | undefined } {
  const matrices = requests.filter((request) => request.kind === 'matrix');
  const rounding = new SecondRounding(source, matrices, format);
  return { source: rounding.source, notice: () => rounding.notice("weights: 'f32', which keeps the file's numbers") };
}

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
