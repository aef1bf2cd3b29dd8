import { encodedHeader } from '../src/wasm/layout';
import { sumsOfIntegers } from './vectors';

/** After so many products of 8 and 16 bits an int32 could overflow: 2^31 / (127 * 32767). */
const safeProducts = 512;

/**
 * Four rows of 8-bit weights, [K / 32][4 rows][32], times one row of 16-bit activations: four sums, before the scales. The
 * integer sums of 512 inputs are exact, and are added up in float32.
 */
export function dot8Bit(weights: usize, encoded: usize, inputs: i32): v128 {
  let x = encoded + encodedHeader;
  const end = x + ((<usize>inputs) << 1);
  let total = f32x4.splat(0);
  while (x < end) {
    const stop = min<usize>(end, x + (safeProducts << 1));
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (; x < stop; x += 64, weights += 128) {
      const x0 = v128.load(x);
      const x1 = v128.load(x, 16);
      const x2 = v128.load(x, 32);
      const x3 = v128.load(x, 48);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 0), x0));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 32), x0));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 64), x0));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 96), x0));
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 8), x1));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 40), x1));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 72), x1));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 104), x1));
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 16), x2));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 48), x2));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 80), x2));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 112), x2));
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 24), x3));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 56), x3));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 88), x3));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 120), x3));
    }
    total = f32x4.add(total, f32x4.convert_i32x4_s(sumsOfIntegers(a, b, c, d)));
  }
  return total;
}

/**
 * The same for two tokens at once, which spares half of the widening of weights: four sums each, to `results`, in the same
 * bits as one by one.
 */
export function dot8BitTwice(weights: usize, first: usize, second: usize, inputs: i32, results: usize): void {
  first += encodedHeader;
  second += encodedHeader;
  const end = first + ((<usize>inputs) << 1);
  let total1 = f32x4.splat(0);
  let total2 = f32x4.splat(0);
  while (first < end) {
    const stop = min<usize>(end, first + (safeProducts << 1));
    let a1 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let c1 = i32x4.splat(0);
    let d1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let c2 = i32x4.splat(0);
    let d2 = i32x4.splat(0);
    for (; first < stop; first += 64, second += 64, weights += 128) {
      let x: v128;
      let y: v128;
      let w: v128;
      x = v128.load(first);
      y = v128.load(second);
      w = v128.load_ext<i8>(weights, 0);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(w, x));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 32);
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(w, x));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 64);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(w, x));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 96);
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(w, x));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(w, y));
      x = v128.load(first, 16);
      y = v128.load(second, 16);
      w = v128.load_ext<i8>(weights, 8);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(w, x));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 40);
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(w, x));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 72);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(w, x));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 104);
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(w, x));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(w, y));
      x = v128.load(first, 32);
      y = v128.load(second, 32);
      w = v128.load_ext<i8>(weights, 16);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(w, x));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 48);
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(w, x));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 80);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(w, x));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 112);
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(w, x));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(w, y));
      x = v128.load(first, 48);
      y = v128.load(second, 48);
      w = v128.load_ext<i8>(weights, 24);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(w, x));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 56);
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(w, x));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 88);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(w, x));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(w, y));
      w = v128.load_ext<i8>(weights, 120);
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(w, x));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(w, y));
    }
    total1 = f32x4.add(total1, f32x4.convert_i32x4_s(sumsOfIntegers(a1, b1, c1, d1)));
    total2 = f32x4.add(total2, f32x4.convert_i32x4_s(sumsOfIntegers(a2, b2, c2, d2)));
  }
  v128.store(results, total1);
  v128.store(results, total2, 16);
}
