import {
  entryColumns,
  entryOutput,
  entryOutputStride,
  format4BitBlocks,
  format8Bit,
  format8BitBlocks,
  format8BitPlanes,
  formatFloat16,
  formatFloat32,
  frameEncoded,
  frameTouch,
  linearActivation,
  linearBias,
  linearEncodedBytes,
  linearEncodedOffset,
  linearFormat,
  linearGroupBytes,
  linearGroups,
  linearResidual,
  linearResidualStride,
  linearScales,
  linearSums,
  linearTile,
  linearWeights,
} from '../src/wasm/layout';
import { activate } from './activations';
import { dot4BitBlocks } from './dot-4bit-blocks';
import { dot8Bit, dot8BitTwice } from './dot-8bit';
import { dot8BitBlocks } from './dot-8bit-blocks';
import { dot8BitPlanes } from './dot-8bit-planes';
import { dotFloat16 } from './dot-float16';
import { dotFloat32, dotFloat32Twice } from './dot-float32';
import { encodeToken, paddedInputs } from './encode';
import { barrier } from './threads';

/**
 * Load one word of each cache line, so that the memory system fetches the next group of rows while this one is computed.
 * Whether that pays depends on the processor: on some the loop over 8-bit weights is half as fast again, on others, whose
 * own prefetching suffices, nearly half as slow. So it is tried when a model is loaded. The sum goes to `witness`, so that
 * no optimiser drops the loads.
 */
function touch(address: usize, bytes: usize, witness: usize): void {
  let sum = 0;
  for (let at: usize = 0; at < bytes; at += 64) sum ^= load<i32>(address + at);
  store<i32>(witness, sum);
}

/** Four outputs of one token, with all scales applied. */
function product(format: i32, weights: usize, encoded: usize, inputs: i32, scales: usize, sums: usize): v128 {
  switch (format) {
    case formatFloat32:
      return dotFloat32(weights, encoded, inputs);
    case formatFloat16:
      return dotFloat16(weights, encoded, inputs);
    case format8Bit: {
      const factor = f32x4.mul(v128.load(scales), v128.load32_splat(encoded));
      return f32x4.mul(dot8Bit(weights, encoded, inputs), factor);
    }
    case format8BitPlanes: {
      const factor = f32x4.mul(v128.load(scales), v128.load32_splat(encoded));
      if (ASC_FEATURE_RELAXED_SIMD) return f32x4.mul(dot8BitPlanes(weights, encoded, inputs, sums), factor);
      return unreachable();
    }
    case format8BitBlocks:
      return f32x4.mul(dot8BitBlocks(weights, encoded, inputs), v128.load32_splat(encoded));
    case format4BitBlocks:
      return f32x4.mul(dot4BitBlocks(weights, encoded, inputs), v128.load32_splat(encoded));
    default:
      return unreachable();
  }
}

/** The same for one token or for two that follow each other, `encodedBytes` apart: four outputs each, to `results`. */
function products(
  count: i32,
  format: i32,
  weights: usize,
  encoded: usize,
  encodedBytes: usize,
  inputs: i32,
  scales: usize,
  sums: usize,
  results: usize,
): void {
  const second = encoded + encodedBytes;
  if (count === 2 && format === formatFloat32) dotFloat32Twice(weights, encoded, second, inputs, results);
  else if (count === 2 && format === format8Bit) {
    dot8BitTwice(weights, encoded, second, inputs, results);
    const scale = v128.load(scales);
    v128.store(results, f32x4.mul(v128.load(results), f32x4.mul(scale, v128.load32_splat(encoded))));
    v128.store(results, f32x4.mul(v128.load(results, 16), f32x4.mul(scale, v128.load32_splat(second))), 16);
  } else {
    v128.store(results, product(format, weights, encoded, inputs, scales, sums));
    if (count === 2) v128.store(results, product(format, weights, second, inputs, scales, sums), 16);
  }
}

/**
 * Encode the tokens' inputs: one token by every thread for itself, which is cheaper than to meet; several are shared out.
 * Returns where they are.
 */
function encodeTokens(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): usize {
  if (tokens === 1) {
    const encoded = scratch + load<u32>(entry + linearEncodedOffset);
    encodeToken(entry, 0, scratch, encoded);
    return encoded;
  }
  const encoded = <usize>load<u32>(frame + frameEncoded);
  const bytes = <usize>load<u32>(entry + linearEncodedBytes);
  const to = (tokens * (thread + 1)) / threads;
  for (let token = (tokens * thread) / threads; token < to; token++)
    encodeToken(entry, token, scratch, encoded + <usize>token * bytes);
  barrier(threads);
  return encoded;
}

/**
 * activation(norm(x) W + bias) + residual. The rows of W are shared out over the threads; a group of four rows is multiplied
 * with a tile of tokens while it is in the nearest cache.
 */
export function linear(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const encoded = encodeTokens(entry, frame, scratch, tokens, thread, threads);
  const encodedBytes = <usize>load<u32>(entry + linearEncodedBytes);
  const inputs = paddedInputs(load<i32>(entry + entryColumns));
  const format = load<i32>(entry + linearFormat);
  const weights = <usize>load<u32>(entry + linearWeights);
  const groupBytes = <usize>load<u32>(entry + linearGroupBytes);
  const scales = <usize>load<u32>(entry + linearScales);
  const sums = <usize>load<u32>(entry + linearSums);
  const bias = <usize>load<u32>(entry + linearBias);
  const activation = load<i32>(entry + linearActivation);
  const residual = <usize>load<u32>(entry + linearResidual);
  const residualStride = <usize>load<u32>(entry + linearResidualStride);
  const output = <usize>load<u32>(entry + entryOutput);
  const outputStride = <usize>load<u32>(entry + entryOutputStride);
  const tile = load<i32>(entry + linearTile);
  const touches = tokens === 1 && load<i32>(frame + frameTouch) !== 0;
  const groups = load<i32>(entry + linearGroups);
  const from = <i32>((<i64>groups * thread) / threads);
  const to = <i32>((<i64>groups * (thread + 1)) / threads);
  for (let first = 0; first < tokens; first += tile) {
    const last = min(tokens, first + tile);
    for (let group = from; group < to; group++) {
      const rows = weights + <usize>group * groupBytes;
      const column = (<usize>group) << 4;
      if (touches && group + 1 < to) touch(rows + groupBytes, groupBytes, encoded + 8);
      for (let token = first; token < last; token += 2) {
        const count = min(2, last - token);
        const at = encoded + <usize>token * encodedBytes;
        products(count, format, rows, at, encodedBytes, inputs, scales + column, sums + column, scratch);
        for (let i = 0; i < count; i++) {
          const place = <usize>(token + i);
          let y = v128.load(scratch + ((<usize>i) << 4));
          if (bias !== 0) y = f32x4.add(y, v128.load(bias + column));
          if (activation !== 0) y = activate(y, activation);
          if (residual !== 0) y = f32x4.add(y, v128.load(residual + place * residualStride + column));
          v128.store(output + place * outputStride + column, y);
        }
      }
    }
  }
}

/** activation(x Gate) * (x Up). Groups of four gates and of their four ups alternate. */
export function gated(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const encoded = encodeTokens(entry, frame, scratch, tokens, thread, threads);
  const encodedBytes = <usize>load<u32>(entry + linearEncodedBytes);
  const inputs = paddedInputs(load<i32>(entry + entryColumns));
  const format = load<i32>(entry + linearFormat);
  const weights = <usize>load<u32>(entry + linearWeights);
  const groupBytes = <usize>load<u32>(entry + linearGroupBytes);
  const scales = <usize>load<u32>(entry + linearScales);
  const sums = <usize>load<u32>(entry + linearSums);
  const activation = load<i32>(entry + linearActivation);
  const output = <usize>load<u32>(entry + entryOutput);
  const outputStride = <usize>load<u32>(entry + entryOutputStride);
  const tile = load<i32>(entry + linearTile);
  const touches = tokens === 1 && load<i32>(frame + frameTouch) !== 0;
  const pairs = load<i32>(entry + linearGroups);
  const from = (pairs * thread) / threads;
  const to = (pairs * (thread + 1)) / threads;
  for (let first = 0; first < tokens; first += tile) {
    const last = min(tokens, first + tile);
    for (let pair = from; pair < to; pair++) {
      const gates = weights + <usize>(pair << 1) * groupBytes;
      const ups = gates + groupBytes;
      const column = (<usize>pair) << 5;
      if (touches && pair + 1 < to) touch(ups + groupBytes, groupBytes << 1, encoded + 8);
      for (let token = first; token < last; token += 2) {
        const count = min(2, last - token);
        const at = encoded + <usize>token * encodedBytes;
        const next = column + 16;
        products(count, format, gates, at, encodedBytes, inputs, scales + column, sums + column, scratch);
        products(count, format, ups, at, encodedBytes, inputs, scales + next, sums + next, scratch + 32);
        for (let i = 0; i < count; i++) {
          const from = scratch + ((<usize>i) << 4);
          const y = f32x4.mul(activate(v128.load(from), activation), v128.load(from, 32));
          v128.store(output + <usize>(token + i) * outputStride + ((<usize>pair) << 4), y);
        }
      }
    }
  }
}
