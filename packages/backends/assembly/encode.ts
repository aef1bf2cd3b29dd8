import {
  encodedHeader,
  entryColumns,
  entryInput,
  entryInputStride,
  format4BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  inputsPerBlock,
  linearFormat,
  normBias,
  normEpsilon,
  normGain,
  normKind,
  normKindNone,
} from '../src/wasm/layout';
import { normRow } from './norm';
import { laneMax } from './vectors';

/** Inputs with their padding. */
export function paddedInputs(columns: i32): i32 {
  return (columns + (inputsPerBlock - 1)) & ~(inputsPerBlock - 1);
}

/**
 * One token's input of a linear map: normalised if a norm was folded in, and in the numbers that the weight format is
 * multiplied with. The result is padded with zeros to a multiple of 32:
 *
 * - float weights: a header, then float32 [K];
 * - integer weights: the scale, then int16 [K], and for 4 bits 8 * the sum of each block of 32, int32 [K / 32];
 * - 8-bit weights that are multiplied with planes: the scale, then two planes of 7 bits, high [K], low [K].
 *   a = 128 (high - 64) + low, 14 bits.
 *
 * `row` is room for float32 [K].
 */
export function encodeToken(entry: usize, token: i32, row: usize, encoded: usize): void {
  const columns = load<i32>(entry + entryColumns);
  const padded = paddedInputs(columns);
  const format = load<i32>(entry + linearFormat);
  const kind = load<i32>(entry + normKind);
  const input = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
  const numbers = encoded + encodedHeader;
  const floats = format === formatFloat32 || format === formatFloat16;
  const target = floats ? numbers : row;
  if (kind === normKindNone) memory.copy(target, input, (<usize>columns) << 2);
  else
    normRow(
      input,
      columns,
      kind,
      load<u32>(entry + normGain),
      load<u32>(entry + normBias),
      load<f32>(entry + normEpsilon),
      target,
    );
  memory.fill(target + ((<usize>columns) << 2), 0, (<usize>(padded - columns)) << 2);
  if (floats) return;
  if (format === format8BitPlanes) toPlanes(row, padded, encoded);
  else toIntegers(row, padded, encoded, format === format4BitBlocks);
}

function largestMagnitude(row: usize, count: i32): f32 {
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) largest = f32x4.max(largest, f32x4.abs(v128.load(row + i)));
  return laneMax(largest);
}

/** float32 [count] -> scale, int16 [count] and, if asked for, 8 * the sum of each block. */
function toIntegers(row: usize, count: i32, encoded: usize, sums: bool): void {
  const largest = largestMagnitude(row, count);
  store<f32>(encoded, largest / 32767.0);
  const factor = f32x4.splat(largest > 0 ? <f32>32767.0 / largest : 0);
  const numbers = encoded + encodedHeader;
  for (let i: i32 = 0; i < count; i += 8) {
    const from = row + ((<usize>i) << 2);
    const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from), factor)));
    const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 16), factor)));
    v128.store(numbers + ((<usize>i) << 1), i16x8.narrow_i32x4_s(low, high));
  }
  if (!sums) return;
  const blocks = numbers + ((<usize>count) << 1);
  for (let i: i32 = 0; i < count; i += 32) {
    let sum = 0;
    for (let j = 0; j < 32; j++) sum += load<i16>(numbers + ((<usize>(i + j)) << 1));
    store<i32>(blocks + (<usize>i >> 3), sum * 8);
  }
}

/** float32 [count] -> scale, and the high and low seven bits of round(x / scale) + 8192. */
function toPlanes(row: usize, count: i32, encoded: usize): void {
  const largest = largestMagnitude(row, count);
  store<f32>(encoded, largest / 8191.0);
  const factor = f32x4.splat(largest > 0 ? <f32>8191.0 / largest : 0);
  const high = encoded + encodedHeader;
  const low = high + count;
  const offset = i16x8.splat(8192);
  const mask = i16x8.splat(127);
  for (let i: i32 = 0; i < count; i += 16) {
    const from = row + ((<usize>i) << 2);
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from), factor)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 16), factor)));
    const c = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 32), factor)));
    const d = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(from, 48), factor)));
    const ab = i16x8.add(i16x8.narrow_i32x4_s(a, b), offset);
    const cd = i16x8.add(i16x8.narrow_i32x4_s(c, d), offset);
    v128.store(high + i, i8x16.narrow_i16x8_u(i16x8.shr_u(ab, 7), i16x8.shr_u(cd, 7)));
    v128.store(low + i, i8x16.narrow_i16x8_u(v128.and(ab, mask), v128.and(cd, mask)));
  }
}
