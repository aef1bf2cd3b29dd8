import { bitsOfHalves, kept, loadSmallHalves, multiplyAdd } from './vectors';

/**
 * Eight rows of half-precision weights, [K / 2][2][8 rows], read without their exponent bias (see `vectors.ts`);
 * otherwise as in `dot-float32.ts`.
 */
export function dotFloat16(weights: usize, x: usize, step: usize, inputs: i32, sums: usize): void {
  const bits = kept(bitsOfHalves, inputs);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  const half = <usize>(inputs >> 1);
  const xLater = half * step;
  const end = weights + (half << 5);
  for (; weights < end; weights += 32, x += step) {
    const near = v128.load32_splat(x);
    a = multiplyAdd(loadSmallHalves(weights, bits), near, a);
    b = multiplyAdd(loadSmallHalves(weights + 8, bits), near, b);
    const far = v128.load32_splat(x + xLater);
    c = multiplyAdd(loadSmallHalves(weights + 16, bits), far, c);
    d = multiplyAdd(loadSmallHalves(weights + 24, bits), far, d);
  }
  v128.store(sums, f32x4.add(f32x4.add(v128.load(sums), a), c));
  v128.store(sums, f32x4.add(f32x4.add(v128.load(sums, 16), b), d), 16);
}
