import { encodedHeader } from '../src/wasm/layout';
import { sumsOfIntegers } from './vectors';

/**
 * Four rows of 8-bit weights, [K / 32][4 rows][32], times one row of activations in two planes of seven bits: four sums,
 * before the scales. w * a = 128 (w * high - 64 sum(w)) + w * low; the bracket is exact in int32. Relaxed build only: the
 * relaxed product is exact for a right side of 0..127.
 *
 * @param sums int32 [4]: the sum of each row's weights.
 */
export function dot8BitPlanes(weights: usize, encoded: usize, inputs: i32, sums: usize): v128 {
  let x = encoded + encodedHeader;
  const end = x + inputs;
  let aHigh = i32x4.splat(0);
  let bHigh = i32x4.splat(0);
  let cHigh = i32x4.splat(0);
  let dHigh = i32x4.splat(0);
  let aLow = i32x4.splat(0);
  let bLow = i32x4.splat(0);
  let cLow = i32x4.splat(0);
  let dLow = i32x4.splat(0);
  for (; x < end; x += 32, weights += 128) {
    let high = v128.load(x);
    let low = v128.load(x + inputs);
    let w = v128.load(weights);
    aHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, aHigh);
    aLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, aLow);
    w = v128.load(weights, 32);
    bHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, bHigh);
    bLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, bLow);
    w = v128.load(weights, 64);
    cHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, cHigh);
    cLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, cLow);
    w = v128.load(weights, 96);
    dHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, dHigh);
    dLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, dLow);
    high = v128.load(x, 16);
    low = v128.load(x + inputs, 16);
    w = v128.load(weights, 16);
    aHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, aHigh);
    aLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, aLow);
    w = v128.load(weights, 48);
    bHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, bHigh);
    bLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, bLow);
    w = v128.load(weights, 80);
    cHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, cHigh);
    cLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, cLow);
    w = v128.load(weights, 112);
    dHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, high, dHigh);
    dLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(w, low, dLow);
  }
  const high = i32x4.sub(sumsOfIntegers(aHigh, bHigh, cHigh, dHigh), i32x4.shl(v128.load(sums), 6));
  const low = sumsOfIntegers(aLow, bLow, cLow, dLow);
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(high), f32x4.splat(128)), f32x4.convert_i32x4_s(low));
}
