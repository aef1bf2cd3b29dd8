import { entryInput, readBytes } from '../src/wasm/module/layout';
import { dot8Bit } from './dot-8bit';
import { dot8BitPlanes } from './dot-8bit-planes';

/**
 * Known-answer test of the relaxed product: writes to `result`, int32 [4], the sums of int8 [16] at `left` times 7-bit
 * numbers [16] at `right`, plus one. Some engines accept the instruction and compute something else.
 */
export function relaxedDot(left: usize, right: usize, result: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD)
    v128.store(result, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(left), v128.load(right), i32x4.splat(1)));
}

/**
 * Multiply `groups` groups of 8-bit weights with one row of activations, in planes of 7 bits or in 16 bits, to compare
 * their speed. All data is at `address`: scales, sums, results, the row, the weights.
 */
export function probeDot(planes: i32, address: usize, inputs: i32, groups: i32): void {
  const x = address + 128;
  const weights = x + ((<usize>inputs) << 1);
  for (let group = 0; group < groups; group++) {
    const rows = weights + <usize>(group * inputs * 8);
    if (ASC_FEATURE_RELAXED_SIMD && planes !== 0)
      dot8BitPlanes(rows, x, 4, inputs, address, address + 32, address + 64);
    else dot8Bit(rows, x, 4, inputs, address, address + 64);
  }
}

/**
 * Read a range once, divided among the threads: the memory bandwidth against which measurements are compared. The sum
 * goes to the scratch memory of the thread, so that the loads are not optimized away.
 */
export function read(entry: usize, scratch: usize, thread: i32, threads: i32): void {
  const bytes = load<u32>(entry + readBytes);
  const share = (bytes / threads) & ~63;
  const from = <usize>load<u32>(entry + entryInput) + <usize>(share * thread);
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let at = from; at < from + share; at += 64) {
    a = i32x4.add(a, v128.load(at));
    b = i32x4.add(b, v128.load(at, 16));
    c = i32x4.add(c, v128.load(at, 32));
    d = i32x4.add(d, v128.load(at, 48));
  }
  v128.store(scratch, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}
