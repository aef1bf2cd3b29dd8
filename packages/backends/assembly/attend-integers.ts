import { slotsPerBlock } from '../src/wasm/module/layout';
import { laneMax, multiplyAdd, sumsOfIntegers } from './vectors';

/*
 * Attention over 8-bit tiles without widening them to float32. Queries and weights are quantized to 16 bits with one
 * scale, products are summed exactly, and the scale of each slot is applied once per slot. The 16-bit rounding error is
 * 1/100 of the 8-bit one.
 */

/**
 * Largest magnitude of a query, so that the sum over a head of up to 1,032 numbers fits an int32: 2^31 / (127 * 16383).
 */
const largestQuery: f32 = 16383.0;

/** Largest weight: 64 slots of 127 fit an int32. */
const largestWeight: f32 = 32767.0;

/** Convert a query, float32 [size], to int16 [size] in place, followed by zeros. Returns the scale. */
export function encodeQuery(query: usize, rowBytes: usize): f32 {
  let most = f32x4.splat(0);
  for (let at = query; at < query + rowBytes; at += 16) most = f32x4.max(most, f32x4.abs(v128.load(at)));
  const largest = laneMax(most);
  const factor = f32x4.splat(largest > 0 ? largestQuery / largest : 0);
  const half = rowBytes >> 1;
  for (let at: usize = 0; at < half; at += 8) {
    const integers = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(query + (at << 1)), factor)));
    v128.store64_lane(query + at, i16x8.narrow_i32x4_s(integers, integers), 0);
  }
  v128.store64_lane(query + half, i32x4.splat(0), 0);
  return largest / largestQuery;
}

/** Eight integers of a row, or its last four, as int16. */
function eightOf(row: usize, at: usize, size: usize): v128 {
  return at + 8 <= size ? v128.load_ext<i8>(row + at) : i16x8.extend_low_i8x16_s(v128.load32_zero(row + at));
}

/**
 * Scores of four slots of an 8-bit tile, written to `scores`.
 * @param query int16 [size], with the scale `unit`.
 */
function scoreFour(query: usize, unit: f32, tile: usize, slot: usize, size: usize, scores: usize): void {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  const row = tile + (slotsPerBlock << 2) + slot * size;
  for (let i: usize = 0; i < size; i += 8) {
    const q = v128.load(query + (i << 1));
    a = i32x4.add(a, i32x4.dot_i16x8_s(eightOf(row, i, size), q));
    b = i32x4.add(b, i32x4.dot_i16x8_s(eightOf(row + size, i, size), q));
    c = i32x4.add(c, i32x4.dot_i16x8_s(eightOf(row + (size << 1), i, size), q));
    d = i32x4.add(d, i32x4.dot_i16x8_s(eightOf(row + size * 3, i, size), q));
  }
  const scale = f32x4.mul(v128.load(tile + (slot << 2)), f32x4.splat(unit));
  v128.store(scores + (slot << 2), f32x4.mul(f32x4.convert_i32x4_s(sumsOfIntegers(a, b, c, d)), scale));
}

/** The same for rows that are a multiple of 16 long: heads of 32, 64, 80, 128. */
function scoreFourWhole(query: usize, unit: f32, tile: usize, slot: usize, size: usize, scores: usize): void {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  let near = tile + (slotsPerBlock << 2) + slot * size;
  let far = near + (size << 1);
  const end = near + size;
  for (; near < end; near += 16, far += 16, query += 32) {
    let q = v128.load(query);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(near), q));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(near + size), q));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(far), q));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(far + size), q));
    q = v128.load(query, 16);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(near, 8), q));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(near + size, 8), q));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(far, 8), q));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(far + size, 8), q));
  }
  const scale = f32x4.mul(v128.load(tile + (slot << 2)), f32x4.splat(unit));
  v128.store(scores + (slot << 2), f32x4.mul(f32x4.convert_i32x4_s(sumsOfIntegers(a, b, c, d)), scale));
}

/** Scores of the slots start..end, multiples of 4, written at the same index of `scores`, float32 [64]. */
export function scoreIntegers(
  query: usize,
  unit: f32,
  tile: usize,
  start: i32,
  end: i32,
  size: i32,
  scores: usize,
): void {
  const count = <usize>size;
  if ((count & 15) === 0)
    for (let slot = start; slot < end; slot += 4) scoreFourWhole(query, unit, tile, <usize>slot, count, scores);
  else for (let slot = start; slot < end; slot += 4) scoreFour(query, unit, tile, <usize>slot, count, scores);
}

/**
 * Multiply the weights of the slots from..to by the scales of their values and convert them to 16 bits in place, [64].
 * Fills with zeros from `start` and up to `end`. Returns the scale.
 */
function encodeWeights(weights: usize, tile: usize, start: i32, from: i32, to: i32, end: i32): f32 {
  const lanes = i32x4(0, 1, 2, 3);
  let most = f32x4.splat(0);
  for (let slot = start; slot < end; slot += 4) {
    const at = (<usize>slot) << 2;
    const index = i32x4.add(lanes, i32x4.splat(slot));
    const seen = v128.and(i32x4.ge_s(index, i32x4.splat(from)), i32x4.lt_s(index, i32x4.splat(to)));
    // The scale of a slot that was never written may be NaN.
    const weight = v128.and(f32x4.mul(v128.load(weights + at), v128.load(tile + at)), seen);
    most = f32x4.max(most, weight);
    v128.store(weights + at, weight);
  }
  const largest = laneMax(most);
  const factor = f32x4.splat(largest > 0 ? largestWeight / largest : 0);
  for (let slot = start; slot < end; slot += 4) {
    const at = (<usize>slot) << 2;
    const integers = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(weights + at), factor)));
    v128.store64_lane(weights + (at >> 1), i16x8.narrow_i32x4_s(integers, integers), 0);
  }
  return largest / largestWeight;
}

/**
 * mixed * correction + the weighted sum of the values of the slots from..to of an 8-bit tile, weights float32 [64] at
 * `weights`.
 */
export function addIntegers(
  mixed: usize,
  correction: f32,
  weights: usize,
  tile: usize,
  from: i32,
  to: i32,
  size: i32,
): void {
  const count = <usize>size;
  const start = from & ~3;
  const end = (to + 3) & ~3;
  const factor = f32x4.splat(correction);
  const unit = f32x4.splat(encodeWeights(weights, tile, start, from, to, end));
  const last = weights + ((<usize>end) << 1);
  const firstWeight = weights + ((<usize>start) << 1);
  const firstRow = tile + (slotsPerBlock << 2) + <usize>start * count;
  const pairBytes = count << 1;
  let column: usize = 0;
  for (; column + 16 <= count; column += 16) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let row = firstRow + column;
    for (let at = firstWeight; at < last; at += 4, row += pairBytes) {
      const pair = v128.load32_splat(at);
      let p = v128.load_ext<i8>(row);
      let q = v128.load_ext<i8>(row + count);
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.shuffle<i16>(p, q, 0, 8, 1, 9, 2, 10, 3, 11), pair));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.shuffle<i16>(p, q, 4, 12, 5, 13, 6, 14, 7, 15), pair));
      p = v128.load_ext<i8>(row, 8);
      q = v128.load_ext<i8>(row + count, 8);
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.shuffle<i16>(p, q, 0, 8, 1, 9, 2, 10, 3, 11), pair));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.shuffle<i16>(p, q, 4, 12, 5, 13, 6, 14, 7, 15), pair));
    }
    const target = mixed + (column << 2);
    mix(target, factor, a, unit);
    mix(target + 16, factor, b, unit);
    mix(target + 32, factor, c, unit);
    mix(target + 48, factor, d, unit);
  }
  for (; column < count; column += 4) {
    let a = i32x4.splat(0);
    let row = firstRow + column;
    for (let at = firstWeight; at < last; at += 4, row += pairBytes) {
      const p = i16x8.extend_low_i8x16_s(v128.load32_zero(row));
      const q = i16x8.extend_low_i8x16_s(v128.load32_zero(row + count));
      const both = v128.shuffle<i16>(p, q, 0, 8, 1, 9, 2, 10, 3, 11);
      a = i32x4.add(a, i32x4.dot_i16x8_s(both, v128.load32_splat(at)));
    }
    mix(mixed + (column << 2), factor, a, unit);
  }
}

function mix(target: usize, correction: v128, sums: v128, unit: v128): void {
  const before = f32x4.mul(v128.load(target), correction);
  v128.store(target, multiplyAdd(f32x4.convert_i32x4_s(sums), unit, before));
}
