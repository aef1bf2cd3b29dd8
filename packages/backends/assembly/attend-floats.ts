import { multiplyAdd, sumsOfFloats } from './vectors';

/** Scores of eight slots from `key` on, [8][size], to `scores`. */
function scoreEight(query: usize, key: usize, rowBytes: usize, scores: usize): void {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let e = f32x4.splat(0);
  let f = f32x4.splat(0);
  let g = f32x4.splat(0);
  let h = f32x4.splat(0);
  const later = key + (rowBytes << 2);
  for (let i: usize = 0; i < rowBytes; i += 16) {
    const q = v128.load(query + i);
    const near = key + i;
    a = multiplyAdd(v128.load(near), q, a);
    b = multiplyAdd(v128.load(near + rowBytes), q, b);
    c = multiplyAdd(v128.load(near + (rowBytes << 1)), q, c);
    d = multiplyAdd(v128.load(near + rowBytes * 3), q, d);
    const far = later + i;
    e = multiplyAdd(v128.load(far), q, e);
    f = multiplyAdd(v128.load(far + rowBytes), q, f);
    g = multiplyAdd(v128.load(far + (rowBytes << 1)), q, g);
    h = multiplyAdd(v128.load(far + rowBytes * 3), q, h);
  }
  v128.store(scores, sumsOfFloats(a, b, c, d));
  v128.store(scores, sumsOfFloats(e, f, g, h), 16);
}

/** Scores of the slots from..to, and of those that fill up eights, to their places of `scores`, float32 [64]. */
export function scoreFloats(query: usize, keys: usize, from: i32, to: i32, rowBytes: usize, scores: usize): void {
  for (let slot = from & ~7; slot < to; slot += 8)
    scoreEight(query, keys + <usize>slot * rowBytes, rowBytes, scores + ((<usize>slot) << 2));
}

/**
 * mixed * correction + the values of the slots from..to, each times its weight. Four slots at a time, so that memory is read
 * in order; the sum is built slot by slot all the same, and its bits do not depend on where the four begin.
 */
export function addFloats(
  mixed: usize,
  correction: f32,
  weights: usize,
  values: usize,
  from: i32,
  to: i32,
  rowBytes: usize,
): void {
  const factor = f32x4.splat(correction);
  for (let i: usize = 0; i < rowBytes; i += 16) v128.store(mixed + i, f32x4.mul(v128.load(mixed + i), factor));
  let slot = from;
  let value = values + <usize>from * rowBytes;
  for (; slot + 4 <= to; slot += 4, value += rowBytes << 2) {
    const at = weights + ((<usize>slot) << 2);
    const a = v128.load32_splat(at);
    const b = v128.load32_splat(at, 4);
    const c = v128.load32_splat(at, 8);
    const d = v128.load32_splat(at, 12);
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const row = value + i;
      let sum = multiplyAdd(v128.load(row), a, v128.load(mixed + i));
      sum = multiplyAdd(v128.load(row + rowBytes), b, sum);
      sum = multiplyAdd(v128.load(row + (rowBytes << 1)), c, sum);
      v128.store(mixed + i, multiplyAdd(v128.load(row + rowBytes * 3), d, sum));
    }
  }
  for (; slot < to; slot++, value += rowBytes) {
    const weight = v128.load32_splat(weights + ((<usize>slot) << 2));
    for (let i: usize = 0; i < rowBytes; i += 16)
      v128.store(mixed + i, multiplyAdd(v128.load(value + i), weight, v128.load(mixed + i)));
  }
}
