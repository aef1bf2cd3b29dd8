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

/** The same for two tokens at once, which spares half of the loads of weights: four sums each, to `results`. */
export function dotFloat32Twice(weights: usize, first: usize, second: usize, inputs: i32, results: usize): void {
  let a1 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let b2 = f32x4.splat(0);
  let c2 = f32x4.splat(0);
  let d2 = f32x4.splat(0);
  first += encodedHeader;
  second += encodedHeader;
  const end = first + ((<usize>inputs) << 2);
  for (; first < end; first += 16, second += 16, weights += 64) {
    const x = v128.load(first);
    const y = v128.load(second);
    let w = v128.load(weights);
    a1 = multiplyAdd(w, x, a1);
    a2 = multiplyAdd(w, y, a2);
    w = v128.load(weights, 16);
    b1 = multiplyAdd(w, x, b1);
    b2 = multiplyAdd(w, y, b2);
    w = v128.load(weights, 32);
    c1 = multiplyAdd(w, x, c1);
    c2 = multiplyAdd(w, y, c2);
    w = v128.load(weights, 48);
    d1 = multiplyAdd(w, x, d1);
    d2 = multiplyAdd(w, y, d2);
  }
  v128.store(results, sumsOfFloats(a1, b1, c1, d1));
  v128.store(results, sumsOfFloats(a2, b2, c2, d2), 16);
}
