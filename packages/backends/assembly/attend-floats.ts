import { isBrokenSlot } from './cache';
import {
  afterSmallHalves,
  bitsOfHalves,
  factorOfSmallHalves,
  kept,
  loadSmallHalves,
  multiplyAdd,
  sumsOfFloats,
} from './vectors';

/*
 * Attention over tiles of float32 (T = f32) and of half precision (T = u16). Halves are read without their exponent
 * bias (see `vectors.ts`), so the results have the same bits as those of a tile that was widened first.
 */

function loadFour<T>(address: usize, bits: v128): v128 {
  return sizeof<T>() === 4 ? v128.load(address) : loadSmallHalves(address, bits);
}

/** Scores of eight slots, starting at `key` [8][size], written to `scores`. */
function scoreEight<T>(query: usize, key: usize, rowBytes: usize, scores: usize): void {
  const bits = kept(bitsOfHalves, <i32>rowBytes);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let e = f32x4.splat(0);
  let f = f32x4.splat(0);
  let g = f32x4.splat(0);
  let h = f32x4.splat(0);
  const end = key + rowBytes;
  const later = rowBytes << 2;
  for (; key < end; key += sizeof<T>() << 2, query += 16) {
    const q = v128.load(query);
    a = multiplyAdd(loadFour<T>(key, bits), q, a);
    b = multiplyAdd(loadFour<T>(key + rowBytes, bits), q, b);
    c = multiplyAdd(loadFour<T>(key + (rowBytes << 1), bits), q, c);
    d = multiplyAdd(loadFour<T>(key + rowBytes * 3, bits), q, d);
    const far = key + later;
    e = multiplyAdd(loadFour<T>(far, bits), q, e);
    f = multiplyAdd(loadFour<T>(far + rowBytes, bits), q, f);
    g = multiplyAdd(loadFour<T>(far + (rowBytes << 1), bits), q, g);
    h = multiplyAdd(loadFour<T>(far + rowBytes * 3, bits), q, h);
  }
  let first = sumsOfFloats(a, b, c, d);
  let second = sumsOfFloats(e, f, g, h);
  if (sizeof<T>() === 2) {
    first = f32x4.mul(first, f32x4.splat(afterSmallHalves));
    second = f32x4.mul(second, f32x4.splat(afterSmallHalves));
  }
  v128.store(scores, first);
  v128.store(scores, second, 16);
}

/**
 * Scores of the slots from..to, rounded up to a multiple of eight, written at the same index of `scores`, float32 [64].
 * NaN for a key that is not finite.
 */
export function scoreFloats<T>(query: usize, keys: usize, from: i32, to: i32, size: i32, scores: usize): void {
  const rowBytes = <usize>size * sizeof<T>();
  for (let slot = from & ~7; slot < to; slot += 8)
    scoreEight<T>(query, keys + <usize>slot * rowBytes, rowBytes, scores + ((<usize>slot) << 2));
  if (sizeof<T>() === 2)
    for (let slot = from; slot < to; slot++)
      if (isBrokenSlot(keys + <usize>slot * rowBytes)) store<f32>(scores + ((<usize>slot) << 2), NaN);
}

/** The weight of one slot in every lane. */
function loadWeight<T>(address: usize): v128 {
  const weight = v128.load32_splat(address);
  return sizeof<T>() === 4 ? weight : f32x4.mul(weight, f32x4.splat(factorOfSmallHalves));
}

/**
 * mixed * correction + the weighted sum of the values of the slots from..to. Four slots at a time, so that memory is
 * read in order. Slots are added one by one, so the bits do not depend on where a group of four begins. A value that is
 * not finite makes its weight NaN.
 */
export function addFloats<T>(
  mixed: usize,
  correction: f32,
  weights: usize,
  values: usize,
  from: i32,
  to: i32,
  size: i32,
): void {
  const rowBytes = <usize>size * sizeof<T>();
  const bits = kept(bitsOfHalves, size);
  const step = sizeof<T>() << 2;
  const end = mixed + ((<usize>size) << 2);
  const factor = f32x4.splat(correction);
  for (let at = mixed; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
  if (sizeof<T>() === 2)
    for (let slot = from; slot < to; slot++)
      if (isBrokenSlot(values + <usize>slot * rowBytes)) store<f32>(weights + ((<usize>slot) << 2), NaN);
  let slot = from;
  let value = values + <usize>from * rowBytes;
  for (; slot + 4 <= to; slot += 4, value += rowBytes << 2) {
    const weight = weights + ((<usize>slot) << 2);
    const a = loadWeight<T>(weight);
    const b = loadWeight<T>(weight + 4);
    const c = loadWeight<T>(weight + 8);
    const d = loadWeight<T>(weight + 12);
    let row = value;
    for (let at = mixed; at < end; at += 16, row += step) {
      let sum = multiplyAdd(loadFour<T>(row, bits), a, v128.load(at));
      sum = multiplyAdd(loadFour<T>(row + rowBytes, bits), b, sum);
      sum = multiplyAdd(loadFour<T>(row + (rowBytes << 1), bits), c, sum);
      v128.store(at, multiplyAdd(loadFour<T>(row + rowBytes * 3, bits), d, sum));
    }
  }
  for (; slot < to; slot++, value += rowBytes) {
    const weight = loadWeight<T>(weights + ((<usize>slot) << 2));
    let row = value;
    for (let at = mixed; at < end; at += 16, row += step)
      v128.store(at, multiplyAdd(loadFour<T>(row, bits), weight, v128.load(at)));
  }
}
