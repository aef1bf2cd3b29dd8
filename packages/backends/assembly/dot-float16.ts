import { encodedHeader } from '../src/wasm/layout';
import { loadHalves, multiplyAdd, sumsOfFloats } from './vectors';

/** Four rows of half-precision weights, [K / 4][4 rows][4], times one row of float32 activations: four sums. */
export function dotFloat16(weights: usize, encoded: usize, inputs: i32): v128 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let x = encoded + encodedHeader;
  const end = x + ((<usize>inputs) << 2);
  for (; x < end; x += 16, weights += 32) {
    const numbers = v128.load(x);
    a = multiplyAdd(loadHalves(weights), numbers, a);
    b = multiplyAdd(loadHalves(weights + 8), numbers, b);
    c = multiplyAdd(loadHalves(weights + 16), numbers, c);
    d = multiplyAdd(loadHalves(weights + 24), numbers, d);
  }
  return sumsOfFloats(a, b, c, d);
}
