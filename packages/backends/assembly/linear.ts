import {
  encodedHeader,
  entryColumns,
  entryOperation,
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
  inputsPerBlock,
  inputsPerChunk,
  linearActivation,
  linearBias,
  linearEncodedOffset,
  linearFormat,
  linearGroupBytes,
  linearGroups,
  linearPanelBytes,
  linearResidual,
  linearResidualStride,
  linearScales,
  linearSums,
  linearTile,
  linearWeights,
  operationGated,
  scratchRow,
  scratchSums,
  tokensPerPanel,
  widenedScales,
} from '../src/wasm/module/layout';
import { activate } from './activations';
import { dot4BitBlocks } from './dot-4bit-blocks';
import { dot8Bit } from './dot-8bit';
import { dot8BitBlocks } from './dot-8bit-blocks';
import { dot8BitPlanes, dot8BitPlanesTwice } from './dot-8bit-planes';
import { dotFloat16 } from './dot-float16';
import { dotFloat32 } from './dot-float32';
import { encodeToken, paddedInputs, unitsOf } from './encode';
import { panelOfFloats } from './panel-floats';
import { panelOfIntegers } from './panel-integers';
import { barrier } from './threads';
import { widen } from './widen';

/** A panel with at least this many tokens is multiplied as a whole panel of four. */
const worthPanel = 3;

/**
 * Above this many tokens, 8-bit weights are widened once for all panels. Below, each panel widens the weights that it
 * reads.
 */
const mostUnwidened = 16;

/**
 * Load one word of each cache line, so that the memory system fetches the next weights during the computation. Whether
 * this helps depends on the processor: on some, the loop over 8-bit weights becomes 1.5 times as fast; on others, whose
 * hardware prefetcher suffices, nearly half as fast. So it is measured when a model is loaded. The sum is written to
 * `witness`, so that no optimizer removes the loads.
 */
function touch(address: usize, bytes: usize, witness: usize): void {
  let sum = 0;
  for (let at: usize = 0; at < bytes; at += 64) sum ^= load<i32>(address + at);
  store<i32>(witness, sum);
}

/** Add the products of a group's weights and one token, for some inputs, to `sums`, float32 [8]. */
function dot(
  format: i32,
  weights: usize,
  x: usize,
  step: usize,
  inputs: i32,
  scales: usize,
  totals: usize,
  sums: usize,
): void {
  switch (format) {
    case formatFloat32:
      dotFloat32(weights, x, step, inputs, sums);
      break;
    case formatFloat16:
      dotFloat16(weights, x, step, inputs, sums);
      break;
    case format8Bit:
      dot8Bit(weights, x, step, inputs, scales, sums);
      break;
    case format8BitBlocks:
      dot8BitBlocks(weights, x, step, inputs, sums);
      break;
    case format4BitBlocks:
      dot4BitBlocks(weights, x, step, inputs, totals, sums);
      break;
    default:
      unreachable();
  }
}

/**
 * Add the products of a group's weights and the four tokens of a panel to `sums`, float32 [4][8].
 * @param weights widened, or as stored.
 */
function panel(format: i32, widened: bool, weights: usize, x: usize, inputs: i32, scales: usize, sums: usize): void {
  if (format === formatFloat32 || format === formatFloat16) panelOfFloats(weights, x, inputs, sums);
  else if (!widened) panelOfIntegers<i8>(weights, x, inputs, inputs, scales, sums);
  else if (format === format8Bit) panelOfIntegers<i16>(weights, x, inputs, inputs, scales, sums);
  else panelOfIntegers<i16>(weights, x, inputs, inputsPerBlock, weights + widenedScales, sums);
}

/**
 * Encode the inputs of the tokens. Each thread encodes a single token itself, which is cheaper than a barrier; several
 * tokens are divided among the threads, in panels of four. Returns their address.
 */
function encodeTokens(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): usize {
  if (tokens === 1) {
    const encoded = scratch + load<u32>(entry + linearEncodedOffset);
    encodeToken(entry, 0, scratch + scratchRow, encoded, 0, 1);
    return encoded;
  }
  const encoded = <usize>load<u32>(frame + frameEncoded);
  const bytes = <usize>load<u32>(entry + linearPanelBytes);
  const to = (tokens * (thread + 1)) / threads;
  for (let token = (tokens * thread) / threads; token < to; token++)
    encodeToken(
      entry,
      token,
      scratch + scratchRow,
      encoded + <usize>(token / tokensPerPanel) * bytes,
      token % tokensPerPanel,
      tokensPerPanel,
    );
  barrier(threads);
  return encoded;
}

/**
 * The products of a group and the tokens first..last, without the scales of the activations, written to `sums`, float32
 * [tokens][8].
 */
function multiplyGroup(
  entry: usize,
  encoded: usize,
  lanes: i32,
  group: i32,
  first: i32,
  last: i32,
  scratch: usize,
): void {
  const format = load<i32>(entry + linearFormat);
  const inputs = paddedInputs(load<i32>(entry + entryColumns));
  const panelBytes = <usize>load<u32>(entry + linearPanelBytes);
  const groupBytes = <usize>load<u32>(entry + linearGroupBytes);
  const weights = <usize>load<u32>(entry + linearWeights) + <usize>group * groupBytes;
  const column = (<usize>group) << 5;
  const scales = <usize>load<u32>(entry + linearScales) + column;
  const step = (<usize>lanes) << 2;
  const sums = scratch + scratchSums;
  if (ASC_FEATURE_RELAXED_SIMD && format === format8BitPlanes) {
    const totals = <usize>load<u32>(entry + linearSums) + column;
    for (let token = first; token < last; ) {
      const lane = token % tokensPerPanel;
      const x = encoded + <usize>(token / tokensPerPanel) * panelBytes + encodedHeader + ((<usize>lane) << 2);
      const results = sums + ((<usize>(token - first)) << 5);
      if (last - token > 1 && (lane & 1) === 0) {
        dot8BitPlanesTwice(weights, x, step, inputs, scales, totals, results);
        token += 2;
      } else {
        dot8BitPlanes(weights, x, step, inputs, scales, totals, results);
        token++;
      }
    }
    return;
  }
  memory.fill(sums, 0, (<usize>(last - first + tokensPerPanel)) << 5);
  const blockBytes = groupBytes / (inputs / inputsPerBlock);
  const totals = encodedHeader + <usize>unitsOf(format, inputs) * step;
  for (let input = 0; input < inputs; input += inputsPerChunk) {
    const count = min(inputsPerChunk, inputs - input);
    const block = <usize>(input / inputsPerBlock);
    const chunk = weights + block * blockBytes;
    const numbers = encodedHeader + <usize>unitsOf(format, input) * step;
    let token = first;
    if (last - first >= worthPanel) {
      const widened = format !== format8Bit || last - first > mostUnwidened;
      const numbersOfPanel = widened ? widen(format, chunk, count, scratch) : chunk;
      for (; last - token >= worthPanel; token += tokensPerPanel)
        panel(
          format,
          widened,
          numbersOfPanel,
          encoded + <usize>(token / tokensPerPanel) * panelBytes + numbers,
          count,
          scales,
          sums + ((<usize>(token - first)) << 5),
        );
    }
    for (; token < last; token++) {
      const row = encoded + <usize>(token / tokensPerPanel) * panelBytes + ((<usize>(token % tokensPerPanel)) << 2);
      const results = sums + ((<usize>(token - first)) << 5);
      dot(format, chunk, row + numbers, step, count, scales, row + totals + block * step, results);
    }
  }
}

/**
 * The products of the groups from..to and one token, then bias, activation and residual. A shorter form of the loop
 * over several tokens, since narrow models spend much of their time between groups.
 */
function linearOfOne(entry: usize, frame: usize, scratch: usize, encoded: usize, from: i32, to: i32): void {
  const format = load<i32>(entry + linearFormat);
  const gated = load<i32>(entry + entryOperation) === operationGated;
  const inputs = paddedInputs(load<i32>(entry + entryColumns));
  const groupBytes = <usize>load<u32>(entry + linearGroupBytes);
  const blockBytes = groupBytes / (inputs / inputsPerBlock);
  const chunkBytes = blockBytes * (inputsPerChunk / inputsPerBlock);
  const chunkWords = (<usize>unitsOf(format, inputsPerChunk)) << 2;
  const chunkTotals = (inputsPerChunk / inputsPerBlock) << 2;
  const words = encoded + encodedHeader;
  const firstTotals = words + ((<usize>unitsOf(format, inputs)) << 2);
  const touches = load<i32>(frame + frameTouch) !== 0;
  const column: usize = gated ? 16 : 32;
  const scale = v128.load32_splat(encoded);
  const activation = load<i32>(entry + linearActivation);
  const sums = scratch + scratchSums;
  let weights = <usize>load<u32>(entry + linearWeights) + <usize>from * groupBytes;
  let scales = <usize>load<u32>(entry + linearScales) + ((<usize>from) << 5);
  let bias = <usize>load<u32>(entry + linearBias);
  let residual = <usize>load<u32>(entry + linearResidual);
  let output = <usize>load<u32>(entry + entryOutput) + <usize>from * column;
  if (bias !== 0) bias += <usize>from * column;
  if (residual !== 0) residual += <usize>from * column;
  for (let group = from; group < to; group++) {
    v128.store(sums, i32x4.splat(0));
    v128.store(sums, i32x4.splat(0), 16);
    let x = words;
    let totals = firstTotals;
    let chunk = weights;
    for (let left = inputs; left > 0; left -= inputsPerChunk) {
      const count = min(inputsPerChunk, left);
      if (touches) {
        const bytes = <usize>(count / inputsPerBlock) * blockBytes;
        touch(chunk + bytes, bytes, encoded + 32);
      }
      dot(format, chunk, x, 4, count, scales, totals, sums);
      chunk += chunkBytes;
      x += chunkWords;
      totals += chunkTotals;
    }
    if (gated) {
      const gates = activate(f32x4.mul(v128.load(sums), scale), activation);
      v128.store(output, f32x4.mul(gates, f32x4.mul(v128.load(sums, 16), scale)));
    } else {
      finish(sums, scale, bias, activation, residual, output);
      finish(sums + 16, scale, bias === 0 ? 0 : bias + 16, activation, residual === 0 ? 0 : residual + 16, output + 16);
    }
    weights += groupBytes;
    scales += 32;
    output += column;
    if (bias !== 0) bias += column;
    if (residual !== 0) residual += column;
  }
}

/** The steps after the products of four outputs: scale of the activation, bias, activation, residual. */
function finish(sums: usize, scale: v128, bias: usize, activation: i32, residual: usize, output: usize): void {
  let y = f32x4.mul(v128.load(sums), scale);
  if (bias !== 0) y = f32x4.add(y, v128.load(bias));
  if (activation !== 0) y = activate(y, activation);
  if (residual !== 0) y = f32x4.add(y, v128.load(residual));
  v128.store(output, y);
}

/**
 * activation(norm(x) W + bias) + residual; for a gated map, activation(x Gate) * (x Up), where a group holds four gate
 * rows and their four up rows. The groups of W are divided among the threads. A group's weights for 512 inputs are
 * multiplied with a tile of tokens while they are in the L1 cache.
 */
export function linear(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const encoded = encodeTokens(entry, frame, scratch, tokens, thread, threads);
  const lanes = tokens === 1 ? 1 : tokensPerPanel;
  const panelBytes = <usize>load<u32>(entry + linearPanelBytes);
  const gated = load<i32>(entry + entryOperation) === operationGated;
  const bias = <usize>load<u32>(entry + linearBias);
  const activation = load<i32>(entry + linearActivation);
  const residual = <usize>load<u32>(entry + linearResidual);
  const residualStride = <usize>load<u32>(entry + linearResidualStride);
  const output = <usize>load<u32>(entry + entryOutput);
  const outputStride = <usize>load<u32>(entry + entryOutputStride);
  const tile = load<i32>(entry + linearTile);
  const groups = load<i32>(entry + linearGroups);
  const from = <i32>((<i64>groups * thread) / threads);
  const to = <i32>((<i64>groups * (thread + 1)) / threads);
  const column = gated ? 16 : 32;
  if (tokens === 1 && load<i32>(entry + linearFormat) !== format8BitPlanes) {
    linearOfOne(entry, frame, scratch, encoded, from, to);
    return;
  }
  for (let first = 0; first < tokens; first += tile) {
    const last = min(tokens, first + tile);
    for (let group = from; group < to; group++) {
      multiplyGroup(entry, encoded, lanes, group, first, last, scratch);
      const at = <usize>(group * column);
      const biases = bias === 0 ? 0 : bias + at;
      for (let token = first; token < last; token++) {
        const sums = scratch + scratchSums + ((<usize>(token - first)) << 5);
        const scale = v128.load32_splat(
          encoded + <usize>(token / tokensPerPanel) * panelBytes + ((<usize>(token % tokensPerPanel)) << 2),
        );
        const y = output + <usize>token * outputStride + at;
        if (gated) {
          const gates = activate(f32x4.mul(v128.load(sums), scale), activation);
          v128.store(y, f32x4.mul(gates, f32x4.mul(v128.load(sums, 16), scale)));
        } else {
          const rest = residual === 0 ? 0 : residual + <usize>token * residualStride + at;
          finish(sums, scale, biases, activation, rest, y);
          finish(sums + 16, scale, bias === 0 ? 0 : biases + 16, activation, rest === 0 ? 0 : rest + 16, y + 16);
        }
      }
    }
  }
}
