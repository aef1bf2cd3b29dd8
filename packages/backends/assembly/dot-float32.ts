import { multiplyAdd } from './vectors';

/**
 * Eight rows of float32 weights, [K / 2][2][8 rows], times one row of float32 activations, `step` bytes apart. Added to
 * `sums`, float32 [8]. The two alternating halves of K are summed separately, because two chains of additions finish
 * sooner than one.
 */
export function dotFloat32(weights: usize, x: usize, step: usize, inputs: i32, sums: usize): void {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const half = <usize>(inputs >> 1);
  const xLater = half * step;
  const end = weights + (half << 6);
  for (; weights < end; weights += 64, x += step) {
    const near = v128.load32_splat(x);
    a = multiplyAdd(v128.load(weights), near, a);
    b = multiplyAdd(v128.load(weights, 16), near, b);
    const far = v128.load32_splat(x + xLater);
    c = multiplyAdd(v128.load(weights, 32), far, c);
    d = multiplyAdd(v128.load(weights, 48), far, d);
  }
  v128.store(sums, f32x4.add(f32x4.add(v128.load(sums), a), c));
  v128.store(sums, f32x4.add(f32x4.add(v128.load(sums, 16), b), d), 16);
}
