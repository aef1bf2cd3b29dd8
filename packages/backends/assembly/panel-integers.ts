import { multiplyAdd } from './vectors';

/** Eight 16-bit weights, or 8-bit weights widened to 16. */
function loadEight<T>(address: usize): v128 {
  return sizeof<T>() === 2 ? v128.load(address) : v128.load_ext<i8>(address);
}

/**
 * Eight rows of 16-bit (T = i16) or 8-bit (T = i8) weights, [K / 2][8 rows][2], times four rows of 16-bit activations,
 * [K / 2][4 tokens][2]. Added to `sums`, float32 [4 tokens][8], with the same bits as row by row. Each run of
 * `perScale` inputs is summed exactly and multiplied by the scales of the run, float32 [8]; the scales of the next run
 * follow.
 *
 * The registers hold eight sums. All sums are loaded before the first is stored, so that a compiler that joins
 * neighboring 128-bit vectors into one of 256 bits can do so here.
 */
export function panelOfIntegers<T>(
  weights: usize,
  x: usize,
  inputs: i32,
  perScale: i32,
  scales: usize,
  sums: usize,
): void {
  const end = weights + ((<usize>inputs) << 3) * sizeof<T>();
  while (weights < end) {
    const stop = weights + ((<usize>perScale) << 3) * sizeof<T>();
    let a1 = i32x4.splat(0);
    let a2 = i32x4.splat(0);
    let b1 = i32x4.splat(0);
    let b2 = i32x4.splat(0);
    let c1 = i32x4.splat(0);
    let c2 = i32x4.splat(0);
    let d1 = i32x4.splat(0);
    let d2 = i32x4.splat(0);
    for (; weights < stop; weights += sizeof<T>() << 4, x += 16) {
      const p = loadEight<T>(weights);
      const q = loadEight<T>(weights + (sizeof<T>() << 3));
      let pair = v128.load32_splat(x);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(p, pair));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pair));
      pair = v128.load32_splat(x, 4);
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(p, pair));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pair));
      pair = v128.load32_splat(x, 8);
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(p, pair));
      c2 = i32x4.add(c2, i32x4.dot_i16x8_s(q, pair));
      pair = v128.load32_splat(x, 12);
      d1 = i32x4.add(d1, i32x4.dot_i16x8_s(p, pair));
      d2 = i32x4.add(d2, i32x4.dot_i16x8_s(q, pair));
    }
    const s1 = v128.load(scales);
    const s2 = v128.load(scales, 16);
    const e1 = multiplyAdd(f32x4.convert_i32x4_s(a1), s1, v128.load(sums));
    const e2 = multiplyAdd(f32x4.convert_i32x4_s(a2), s2, v128.load(sums, 16));
    const f1 = multiplyAdd(f32x4.convert_i32x4_s(b1), s1, v128.load(sums, 32));
    const f2 = multiplyAdd(f32x4.convert_i32x4_s(b2), s2, v128.load(sums, 48));
    const g1 = multiplyAdd(f32x4.convert_i32x4_s(c1), s1, v128.load(sums, 64));
    const g2 = multiplyAdd(f32x4.convert_i32x4_s(c2), s2, v128.load(sums, 80));
    const h1 = multiplyAdd(f32x4.convert_i32x4_s(d1), s1, v128.load(sums, 96));
    const h2 = multiplyAdd(f32x4.convert_i32x4_s(d2), s2, v128.load(sums, 112));
    v128.store(sums, e1);
    v128.store(sums, e2, 16);
    v128.store(sums, f1, 32);
    v128.store(sums, f2, 48);
    v128.store(sums, g1, 64);
    v128.store(sums, g2, 80);
    v128.store(sums, h1, 96);
    v128.store(sums, h2, 112);
    scales += 32;
  }
}
