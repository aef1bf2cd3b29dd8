import { blockBytes8Bit, inputsPerBlock } from '../src/wasm/module/layout';
import { bitsOfHalves, kept, loadSmallHalves, multiplyAdd } from './vectors';

/**
 * Eight rows of 8-bit weights with a half-precision scale per 32 inputs of a row, [K / 32]{[8] scales, [16][8
 * rows][2]}, times one row of 16-bit activations in pairs `step` bytes apart. Added to `sums`, float32 [8]. Scales are
 * read without their exponent bias (see `vectors.ts`).
 */
export function dot8BitBlocks(weights: usize, x: usize, step: usize, inputs: i32, sums: usize): void {
  const bits = kept(bitsOfHalves, inputs);
  let first = v128.load(sums);
  let second = v128.load(sums, 16);
  const end = weights + <usize>(inputs / inputsPerBlock) * blockBytes8Bit;
  for (; weights < end; weights += blockBytes8Bit) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    for (let at = weights + 16; at < weights + blockBytes8Bit; at += 32, x += step << 1) {
      let pair = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(at), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(at, 8), pair));
      pair = v128.load32_splat(x + step);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(at, 16), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(at, 24), pair));
    }
    first = multiplyAdd(f32x4.convert_i32x4_s(a), loadSmallHalves(weights, bits), first);
    second = multiplyAdd(f32x4.convert_i32x4_s(b), loadSmallHalves(weights + 8, bits), second);
  }
  v128.store(sums, first);
  v128.store(sums, second, 16);
}
