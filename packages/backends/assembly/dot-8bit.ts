import { multiplyAdd } from './vectors';

/**
 * Eight rows of 8-bit weights, [K / 2][8 rows][2], times one row of 16-bit activations in pairs `step` bytes apart. The
 * exact integer sum times the scale of each row is added to `sums`, float32 [8]. K is at most 512, so that an int32
 * cannot overflow: 2^31 / (127 * 32767).
 */
export function dot8Bit(weights: usize, x: usize, step: usize, inputs: i32, scales: usize, sums: usize): void {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  const end = weights + ((<usize>inputs) << 3);
  for (; weights < end; weights += 32, x += step << 1) {
    let pair = v128.load32_splat(x);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights), pair));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 8), pair));
    pair = v128.load32_splat(x + step);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 16), pair));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(weights, 24), pair));
  }
  const first = multiplyAdd(f32x4.convert_i32x4_s(a), v128.load(scales), v128.load(sums));
  const second = multiplyAdd(f32x4.convert_i32x4_s(b), v128.load(scales, 16), v128.load(sums, 16));
  v128.store(sums, first);
  v128.store(sums, second, 16);
}
