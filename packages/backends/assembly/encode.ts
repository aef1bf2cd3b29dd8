import {
  encodedHeader,
  entryColumns,
  entryInput,
  entryInputStride,
  format4BitBlocks,
  format8BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  linearFormat,
  normBias,
  normEpsilon,
  normKind,
  normKindNone,
  normWeight,
} from '../src/wasm/module/layout';
import { normRow } from './norm';
import { afterSmallHalves, beforeSmallHalves, clearFloats, copyFloats, factorOfSmallHalves, laneMax } from './vectors';

/** Number of inputs, padding included. */
export function paddedInputs(columns: i32): i32 {
  return (columns + (inputsPerBlock - 1)) & ~(inputsPerBlock - 1);
}

/** 32-bit words per this many inputs: one float32 each, two 16-bit numbers per word, or two planes of 7 bits. */
export function unitsOf(format: i32, inputs: i32): i32 {
  return format === formatFloat32 || format === formatFloat16 ? inputs : inputs >> 1;
}

/**
 * Encode one token's input of a linear map: normalize it if a norm was folded in, pad it with zeros to a multiple of
 * 32, and convert it to the numbers that the weight format is multiplied with, in 32-bit words:
 *
 * - float weights: float32, scaled up for half-precision weights, which are read without their exponent bias;
 * - integer weights: pairs of 16 bits; for 4-bit weights, followed by 8 * the sum of each block of 32;
 * - 8-bit weights multiplied in planes: the high 7 bits of four inputs, then their low 7 bits. a = 128 (high - 64) +
 * low, 14 bits.
 *
 * The words of `lanes` tokens alternate, after the scales of all of them: a panel, in which this token has the number
 * `lane`. `row` is room for float32 [K] and, for the integers, K more rounded up to 16 bits.
 */
export function encodeToken(entry: usize, token: i32, row: usize, encoded: usize, lane: i32, lanes: i32): void {
  const columns = load<i32>(entry + entryColumns);
  const padded = paddedInputs(columns);
  const format = load<i32>(entry + linearFormat);
  const kind = load<i32>(entry + normKind);
  const input = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
  const header = encoded + ((<usize>lane) << 2);
  const words = header + encodedHeader;
  const step = (<usize>lanes) << 2;
  if (kind === normKindNone) copyFloats(row, input, (<usize>columns) << 2);
  else
    normRow(
      input,
      columns,
      kind,
      load<u32>(entry + normWeight),
      load<u32>(entry + normBias),
      load<f32>(entry + normEpsilon),
      row,
    );
  clearFloats(row + ((<usize>columns) << 2), (<usize>(padded - columns)) << 2);
  if (format === formatFloat32 || format === formatFloat16) {
    if (format === formatFloat16) enlarge(row, padded);
    store<f32>(header, format === formatFloat16 ? afterSmallHalves : 1);
    spread(row, padded, words, step);
    return;
  }
  // The integers replace the floats in place, front to back.
  if (format === format8BitPlanes) toPlanes(row, padded, header);
  else toIntegers(row, padded, header);
  // Block scales are read without their exponent bias.
  if (format === format8BitBlocks || format === format4BitBlocks)
    store<f32>(header, load<f32>(header) * factorOfSmallHalves);
  spread(row, padded >> 1, words, step);
  if (format === format4BitBlocks) sumBlocks(row, padded, words + <usize>(padded >> 1) * step, step);
}

function enlarge(row: usize, count: i32): void {
  const factor = f32x4.splat(beforeSmallHalves);
  for (let at = row; at < row + ((<usize>count) << 2); at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
}

/** Spread consecutive words to words `step` bytes apart. The count is a multiple of 4. */
function spread(from: usize, count: i32, to: usize, step: usize): void {
  if (step === 4) {
    copyFloats(to, from, (<usize>count) << 2);
    return;
  }
  const end = from + ((<usize>count) << 2);
  for (; from < end; from += 16, to += step << 2) {
    const four = v128.load(from);
    v128.store_lane<i32>(to, four, 0);
    v128.store_lane<i32>(to + step, four, 1);
    v128.store_lane<i32>(to + (step << 1), four, 2);
    v128.store_lane<i32>(to + step * 3, four, 3);
  }
}

/** 8 * the sum of each block of 32 16-bit numbers. */
function sumBlocks(integers: usize, count: i32, sums: usize, step: usize): void {
  const ones = i16x8.splat(1);
  const end = integers + ((<usize>count) << 1);
  for (; integers < end; integers += 64, sums += step) {
    let sum = i32x4.dot_i16x8_s(v128.load(integers), ones);
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(integers, 16), ones));
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(integers, 32), ones));
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(integers, 48), ones));
    const total =
      i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
    store<i32>(sums, total * 8);
  }
}

function largestMagnitude(row: usize, count: i32): f32 {
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) largest = f32x4.max(largest, f32x4.abs(v128.load(row + i)));
  return laneMax(largest);
}

/** float32 [count] -> int16 [count], in place. Also returns the scale. */
function toIntegers(row: usize, count: i32, scale: usize): void {
  const largest = largestMagnitude(row, count);
  store<f32>(scale, largest / 32767.0);
  const factor = f32x4.splat(largest > 0 ? <f32>32767.0 / largest : 0);
  for (let i: i32 = 0; i < count; i += 8) {
    const from = row + ((<usize>i) << 2);
    const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from), factor)));
    const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 16), factor)));
    v128.store(row + ((<usize>i) << 1), i16x8.narrow_i32x4_s(low, high));
  }
}

/**
 * float32 [count] -> the high and low seven bits of round(x / scale) + 8192, in place: four high ones, then the four
 * low ones, and so on. Also returns the scale.
 */
function toPlanes(row: usize, count: i32, scale: usize): void {
  const largest = largestMagnitude(row, count);
  store<f32>(scale, largest / 8191.0);
  const factor = f32x4.splat(largest > 0 ? <f32>8191.0 / largest : 0);
  const offset = i16x8.splat(8192);
  const mask = i16x8.splat(127);
  for (let i: i32 = 0; i < count; i += 8) {
    const from = row + ((<usize>i) << 2);
    const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from), factor)));
    const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 16), factor)));
    const eight = i16x8.add(i16x8.narrow_i32x4_s(low, high), offset);
    const planes = i8x16.narrow_i16x8_u(i16x8.shr_u(eight, 7), v128.and(eight, mask));
    v128.store(row + ((<usize>i) << 1), v128.shuffle<i32>(planes, planes, 0, 2, 1, 3));
  }
}
