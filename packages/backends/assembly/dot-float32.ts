import { encodedHeader } from '../src/wasm/layout';
import { multiplyAdd, sumsOfFloats } from './vectors';

/** Four rows of float32 weights, [K / 4][4 rows][4], times one row of float32 activations: four sums. */
export function dotFloat32(weights: usize, encoded: usize, inputs: i32): v128 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let x = encoded + encodedHeader;
  const end = x + ((<usize>inputs) << 2);
  for (; x < end; x += 16, weights += 64) {
    const numbers = v128.load(x);
    a = multiplyAdd(v128.load(weights), numbers, a);
    b = multiplyAdd(v128.load(weights, 16), numbers, b);
    c = multiplyAdd(v128.load(weights, 32), numbers, c);
    d = multiplyAdd(v128.load(weights, 48), numbers, d);
  }
  return sumsOfFloats(a, b, c, d);
}
