/**
 * The index of the first of float32 [count], a multiple of 4, whose magnitude is not at most `limit`, which NaN is not;
 * -1 when there is none.
 */
export function firstBeyond(values: usize, count: i32, limit: f32): i32 {
  const most = f32x4.splat(limit);
  for (let i = 0; i < count; i += 4) {
    if (v128.all_true<i32>(f32x4.le(f32x4.abs(v128.load(values + ((<usize>i) << 2))), most))) continue;
    for (let j = i; j < i + 4; j++) if (!(abs<f32>(load<f32>(values + ((<usize>j) << 2))) <= limit)) return j;
  }
  return -1;
}
