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
