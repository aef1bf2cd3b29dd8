import { blockBytes4Bit, inputsPerBlock } from '../src/wasm/module/layout';
import { bitsOfHalves, kept, loadSmallHalves, multiplyAdd } from './vectors';

/**
 * Eight rows of 4-bit weights with a half-precision scale per 32 inputs of a row, [K / 32]{[8] scales, [4][8 rows][2 of
 * 16 bits]}, times one row of 16-bit activations in pairs `step` bytes apart. Added to `sums`, float32 [8]. Bits 4 j of
 * the two 16-bit numbers s of a row hold the inputs 8 s + 2 j and the next. Weights are stored with 8 added, so 8 times
 * the sum of the block's activations, at `totals`, is subtracted. Scales are read without their exponent bias (see
 * `vectors.ts`).
 */
export function dot4BitBlocks(weights: usize, x: usize, step: usize, inputs: i32, totals: usize, sums: usize): void {
  let first = v128.load(sums);
  let second = v128.load(sums, 16);
  const mask = kept(0x000f000f, inputs);
  const bits = kept(bitsOfHalves, inputs);
  const end = weights + <usize>(inputs / inputsPerBlock) * blockBytes4Bit;
  for (; weights < end; weights += blockBytes4Bit, totals += step) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    for (let at = weights + 16; at < weights + blockBytes4Bit; at += 32) {
      const p = v128.load(at);
      const q = v128.load(at, 16);
      let pair = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(p, mask), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(q, mask), pair));
      x += step;
      pair = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(p, 4), mask), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(q, 4), mask), pair));
      x += step;
      pair = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(p, 8), mask), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(q, 8), mask), pair));
      x += step;
      pair = v128.load32_splat(x);
      a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.shr_u(p, 12), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.shr_u(q, 12), pair));
      x += step;
    }
    const total = v128.load32_splat(totals);
    first = multiplyAdd(f32x4.convert_i32x4_s(i32x4.sub(a, total)), loadSmallHalves(weights, bits), first);
    second = multiplyAdd(f32x4.convert_i32x4_s(i32x4.sub(b, total)), loadSmallHalves(weights + 8, bits), second);
  }
  v128.store(sums, first);
  v128.store(sums, second, 16);
}
