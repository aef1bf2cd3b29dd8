/**
 * Known-answer test of the relaxed product: at `result` the sums, int32 [4], of int8 [16] at `left` times 7-bit numbers [16]
 * at `right`, plus one. Engines exist that accept the instruction and compute something else.
 */
export function relaxedDot(left: usize, right: usize, result: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD)
    v128.store(result, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(left), v128.load(right), i32x4.splat(1)));
}

/** Read every cache line of a range once: the memory bandwidth that measurements are compared with. */
export function readAll(from: usize, to: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let at = from; at < to; at += 64) {
    a = i32x4.add(a, v128.load(at));
    b = i32x4.add(b, v128.load(at, 16));
    c = i32x4.add(c, v128.load(at, 32));
    d = i32x4.add(d, v128.load(at, 48));
  }
  return i32x4.extract_lane(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)), 0);
}
