import { encodedHeader } from '../src/wasm/layout';
import { loadHalves, sumsOfIntegers } from './vectors';

/**
 * Four rows of 8-bit weights with a half-precision scale for 32 of a row, [K / 32]{[4] scales, [4 rows][32]}, times one row
 * of 16-bit activations: four sums, before the activation's scale.
 */
export function dot8BitBlocks(weights: usize, encoded: usize, inputs: i32): v128 {
  let x = encoded + encodedHeader;
  const end = x + ((<usize>inputs) << 1);
  let total = f32x4.splat(0);
  for (; x < end; x += 64, weights += 136) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    let a = i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 8), x0);
    let b = i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 40), x0);
    let c = i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 72), x0);
    let d = i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 104), x0);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 16), x1));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 48), x1));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 80), x1));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 112), x1));
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 24), x2));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 56), x2));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 88), x2));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 120), x2));
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 32), x3));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 64), x3));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 96), x3));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 128), x3));
    const sums = f32x4.convert_i32x4_s(sumsOfIntegers(a, b, c, d));
    total = f32x4.add(total, f32x4.mul(sums, loadHalves(weights)));
  }
  return total;
}
