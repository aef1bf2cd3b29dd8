import { multiplyAdd } from './vectors';

/**
 * Eight rows of float32 weights, [K / 2][2][8 rows], times four rows of float32 activations, [K][4 tokens]. Added to
 * `sums`, float32 [4 tokens][8]. The bits are the same as row by row: the two alternating halves of K are summed
 * separately.
 */
export function panelOfFloats(weights: usize, x: usize, inputs: i32, sums: usize): void {
  const bytes = (<usize>inputs) << 5;
  for (let half: usize = 0; half < 64; half += 32) {
    const stop = weights + bytes;
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let b2 = f32x4.splat(0);
    let c1 = f32x4.splat(0);
    let c2 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    let d2 = f32x4.splat(0);
    for (let at = weights + half; at < stop; at += 64, x += 16) {
      const p = v128.load(at);
      const q = v128.load(at, 16);
      let number = v128.load32_splat(x);
      a1 = multiplyAdd(p, number, a1);
      a2 = multiplyAdd(q, number, a2);
      number = v128.load32_splat(x, 4);
      b1 = multiplyAdd(p, number, b1);
      b2 = multiplyAdd(q, number, b2);
      number = v128.load32_splat(x, 8);
      c1 = multiplyAdd(p, number, c1);
      c2 = multiplyAdd(q, number, c2);
      number = v128.load32_splat(x, 12);
      d1 = multiplyAdd(p, number, d1);
      d2 = multiplyAdd(q, number, d2);
    }
    const e1 = f32x4.add(v128.load(sums), a1);
    const e2 = f32x4.add(v128.load(sums, 16), a2);
    const f1 = f32x4.add(v128.load(sums, 32), b1);
    const f2 = f32x4.add(v128.load(sums, 48), b2);
    const g1 = f32x4.add(v128.load(sums, 64), c1);
    const g2 = f32x4.add(v128.load(sums, 80), c2);
    const h1 = f32x4.add(v128.load(sums, 96), d1);
    const h2 = f32x4.add(v128.load(sums, 112), d2);
    v128.store(sums, e1);
    v128.store(sums, e2, 16);
    v128.store(sums, f1, 32);
    v128.store(sums, f2, 48);
    v128.store(sums, g1, 64);
    v128.store(sums, g2, 80);
    v128.store(sums, h1, 96);
    v128.store(sums, h2, 112);
  }
}
