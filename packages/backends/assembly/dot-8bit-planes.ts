/**
 * Eight rows of 8-bit weights, [K / 4][8 rows][4], times one row of activations in two planes of seven bits: four
 * inputs of the high plane, then the same four of the low plane, `step` bytes apart. w * a = 128 (w * high - 64 sum(w))
 * + w * low; the bracket is exact in int32. Relaxed build only: the relaxed product is exact when the right side is in
 * 0..127.
 *
 * @param totals int32 [8]: the sum of the weights of each row.
 * @param sums float32 [8]: receives the products times the scales of the rows.
 */
export function dot8BitPlanes(
  weights: usize,
  x: usize,
  step: usize,
  inputs: i32,
  scales: usize,
  totals: usize,
  sums: usize,
): void {
  let aHigh = i32x4.splat(0);
  let bHigh = i32x4.splat(0);
  let aLow = i32x4.splat(0);
  let bLow = i32x4.splat(0);
  const end = weights + ((<usize>inputs) << 3);
  for (; weights < end; weights += 32, x += step << 1) {
    const a = v128.load(weights);
    const b = v128.load(weights, 16);
    const high = v128.load32_splat(x);
    const low = v128.load32_splat(x + step);
    aHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, high, aHigh);
    bHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, high, bHigh);
    aLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, low, aLow);
    bLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, low, bLow);
  }
  storePlanes(aHigh, aLow, scales, totals, sums);
  storePlanes(bHigh, bLow, scales + 16, totals + 16, sums + 16);
}

/** The same for two adjacent tokens, which halves the loads of weights: float32 [2][8]. */
export function dot8BitPlanesTwice(
  weights: usize,
  x: usize,
  step: usize,
  inputs: i32,
  scales: usize,
  totals: usize,
  sums: usize,
): void {
  let aHigh = i32x4.splat(0);
  let bHigh = i32x4.splat(0);
  let aLow = i32x4.splat(0);
  let bLow = i32x4.splat(0);
  let cHigh = i32x4.splat(0);
  let dHigh = i32x4.splat(0);
  let cLow = i32x4.splat(0);
  let dLow = i32x4.splat(0);
  const end = weights + ((<usize>inputs) << 3);
  for (; weights < end; weights += 32, x += step << 1) {
    const a = v128.load(weights);
    const b = v128.load(weights, 16);
    let high = v128.load32_splat(x);
    let low = v128.load32_splat(x + step);
    aHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, high, aHigh);
    bHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, high, bHigh);
    aLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, low, aLow);
    bLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, low, bLow);
    high = v128.load32_splat(x, 4);
    low = v128.load32_splat(x + step, 4);
    cHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, high, cHigh);
    dHigh = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, high, dHigh);
    cLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, low, cLow);
    dLow = i32x4.relaxed_dot_i8x16_i7x16_add_s(b, low, dLow);
  }
  storePlanes(aHigh, aLow, scales, totals, sums);
  storePlanes(bHigh, bLow, scales + 16, totals + 16, sums + 16);
  storePlanes(cHigh, cLow, scales, totals, sums + 32);
  storePlanes(dHigh, dLow, scales + 16, totals + 16, sums + 48);
}

function storePlanes(high: v128, low: v128, scales: usize, totals: usize, sums: usize): void {
  const centerd = i32x4.sub(high, i32x4.shl(v128.load(totals), 6));
  const product = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(centerd), f32x4.splat(128)), f32x4.convert_i32x4_s(low));
  v128.store(sums, f32x4.mul(product, v128.load(scales)));
}
