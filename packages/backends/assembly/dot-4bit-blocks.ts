import { encodedHeader } from '../src/wasm/layout';
import { loadHalves, sumsOfIntegers } from './vectors';

/** One row's 32 weights, u = w + 8 in 4 bits, times 32 activations. Lane i of shift 4 j holds weight 8 j + i. */
function products(weights: v128, mask: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const first = i32x4.add(
    i32x4.dot_i16x8_s(v128.and(weights, mask), x0),
    i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(weights, 4), mask), x1),
  );
  const second = i32x4.add(
    i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(weights, 8), mask), x2),
    i32x4.dot_i16x8_s(i16x8.shr_u(weights, 12), x3),
  );
  return i32x4.add(first, second);
}

/**
 * Four rows of 4-bit weights with a half-precision scale for 32 of a row, [K / 32]{[4] scales, [4 rows][16 bytes]}, times
 * one row of 16-bit activations: four sums, before the activation's scale. The weights are stored with 8 added, so 8 times
 * the block's sum of activations is taken off.
 */
export function dot4BitBlocks(weights: usize, encoded: usize, inputs: i32): v128 {
  let x = encoded + encodedHeader;
  const end = x + ((<usize>inputs) << 1);
  let sums = end;
  let total = f32x4.splat(0);
  const mask = i16x8.splat(15);
  for (; x < end; x += 64, weights += 72, sums += 4) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const dots = i32x4.sub(
      sumsOfIntegers(
        products(v128.load(weights, 8), mask, x0, x1, x2, x3),
        products(v128.load(weights, 24), mask, x0, x1, x2, x3),
        products(v128.load(weights, 40), mask, x0, x1, x2, x3),
        products(v128.load(weights, 56), mask, x0, x1, x2, x3),
      ),
      v128.load32_splat(sums),
    );
    total = f32x4.add(total, f32x4.mul(f32x4.convert_i32x4_s(dots), loadHalves(weights)));
  }
  return total;
}
