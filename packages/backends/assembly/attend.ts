import {
  attendBias,
  attendBiasReach,
  attendBidirectional,
  attendHeadSize,
  attendHeads,
  attendKeyHeads,
  attendKeys,
  attendKeysStride,
  attendLayer,
  attendRecall,
  attendScale,
  attendSoftcap,
  attendTurn,
  attendValues,
  attendValuesStride,
  attendWindow,
  elementFloat32,
  entryInput,
  entryInputStride,
  entryOutput,
  entryOutputStride,
  frameElement,
  frameEnds,
  frameFirsts,
  framePositions,
  frameSinks,
  frameSlots,
  frameSourceLengths,
  frameSourceTables,
  frameTables,
  rotaryPairs,
  rotaryWidth,
  slotsPerBlock,
} from '../src/wasm/layout';
import { exponential, hyperbolicTangent } from './activations';
import { loadSlots, storeSlot, tileBytes } from './cache';
import { anglesOf, turnHead } from './rotary';
import { laneMax, laneSum, multiplyAdd, sumsOfFloats } from './vectors';

/** Below every score that counts, and still finite. */
const never: f32 = -1e30;

/** Copy a head's numbers and pad them with zeros. */
function copyHead(target: usize, source: usize, size: i32, padded: i32): void {
  memory.copy(target, source, (<usize>size) << 2);
  memory.fill(target + ((<usize>size) << 2), 0, (<usize>(padded - size)) << 2);
}

/** The tile of a key head in the block of a slot; the tile of its values follows `keyHeads` tiles later. */
function tileOf(table: usize, slot: i32, layer: i32, keyHeads: i32, keyHead: i32, bytes: usize): usize {
  const block = <usize>load<u32>(table + ((<usize>(slot / slotsPerBlock)) << 2));
  return block + <usize>(layer * 2 * keyHeads + keyHead) * bytes;
}

/**
 * Load one word of each cache line of a tile's slots, so that memory delivers them all at its full rate: a tile is too short
 * for the processor to prefetch it by itself. Returns what keeps an optimiser from dropping the loads.
 */
function touchTile(tile: usize, rowBytes: usize, from: i32, to: i32): i32 {
  let sum = 0;
  const end = tile + <usize>to * rowBytes;
  for (let at = tile + <usize>from * rowBytes; at < end; at += 64) sum ^= load<i32>(at);
  return sum;
}

/** Write keys and values of all tokens, of the key heads from..to, into the blocks of their rows. */
export function append(entry: usize, frame: usize, scratch: usize, tokens: i32, from: i32, to: i32): void {
  const size = load<i32>(entry + attendHeadSize);
  const padded = (size + 3) & ~3;
  const keyHeads = load<i32>(entry + attendKeyHeads);
  const layer = load<i32>(entry + attendLayer);
  const element = load<i32>(frame + frameElement);
  const bytes = tileBytes(element, padded);
  const turned = (load<i32>(entry + attendTurn) & 2) !== 0;
  for (let token = 0; token < tokens; token++) {
    const at = (<usize>token) << 2;
    const slot = load<i32>(<usize>load<u32>(frame + frameSlots) + at);
    const table = <usize>load<u32>(<usize>load<u32>(frame + frameTables) + at);
    const keys = <usize>load<u32>(entry + attendKeys) + <usize>token * load<u32>(entry + attendKeysStride);
    const values = <usize>load<u32>(entry + attendValues) + <usize>token * load<u32>(entry + attendValuesStride);
    for (let head = from; head < to; head++) {
      const tile = tileOf(table, slot, layer, keyHeads, head, bytes);
      const column = (<usize>(head * size)) << 2;
      copyHead(scratch, keys + column, size, padded);
      if (turned)
        turnHead(
          scratch,
          anglesOf(entry, frame, token),
          load<i32>(entry + rotaryWidth),
          load<i32>(entry + rotaryPairs),
        );
      storeSlot(element, tile, <usize>(slot % slotsPerBlock), scratch, padded);
      copyHead(scratch, values + column, size, padded);
      storeSlot(element, tile + <usize>keyHeads * bytes, <usize>(slot % slotsPerBlock), scratch, padded);
    }
  }
}

// The running softmax of one head of one token: largest score, sum of exponentials. The mixture stands in scratch.
let largest: f32 = 0;
let total: f32 = 0;

/**
 * Take the slots from..to of one block into the mixture of values: scores, a new largest score, and values weighted by the
 * exponentials. `scores` has room for 64.
 */
function mixBlock(
  entry: usize,
  query: usize,
  mixed: usize,
  scores: usize,
  keys: usize,
  values: usize,
  from: i32,
  to: i32,
  size: i32,
  bias: usize,
): void {
  const softcap = load<f32>(entry + attendSoftcap);
  const rowBytes = (<usize>size) << 2;
  const start = from & ~3;
  const lanes = i32x4(0, 1, 2, 3);
  let best = f32x4.splat(never);
  for (let slot = start; slot < to; slot += 4) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    let key = keys + <usize>slot * rowBytes;
    for (let i: usize = 0; i < rowBytes; i += 16, key += 16) {
      const q = v128.load(query + i);
      a = multiplyAdd(v128.load(key), q, a);
      b = multiplyAdd(v128.load(key + rowBytes), q, b);
      c = multiplyAdd(v128.load(key + (rowBytes << 1)), q, c);
      d = multiplyAdd(v128.load(key + rowBytes * 3), q, d);
    }
    let score = sumsOfFloats(a, b, c, d);
    if (softcap !== 0)
      score = f32x4.mul(hyperbolicTangent(f32x4.div(score, f32x4.splat(softcap))), f32x4.splat(softcap));
    if (bias !== 0) score = f32x4.add(score, v128.load(bias + ((<usize>slot) << 2)));
    const index = i32x4.add(lanes, i32x4.splat(slot));
    const seen = v128.and(i32x4.ge_s(index, i32x4.splat(from)), i32x4.lt_s(index, i32x4.splat(to)));
    score = v128.bitselect(score, f32x4.splat(never), seen);
    best = f32x4.max(best, score);
    v128.store(scores + ((<usize>slot) << 2), score);
  }
  const top = max<f32>(largest, laneMax(best));
  const shift = f32x4.splat(top);
  const correction = exponential(f32x4.splat(largest - top));
  let sums = f32x4.splat(0);
  for (let slot = start; slot < to; slot += 4) {
    const at = scores + ((<usize>slot) << 2);
    const weight = exponential(f32x4.sub(v128.load(at), shift));
    sums = f32x4.add(sums, weight);
    v128.store(at, weight);
  }
  largest = top;
  total = total * f32x4.extract_lane(correction, 0) + laneSum(sums);
  addValues(mixed, correction, scores, values, from, to, rowBytes);
}

/**
 * mixed * correction + the values of the slots from..to, each times its weight. Four slots at a time, so that memory is read
 * in order; the sum is built slot by slot all the same, and its bits do not depend on where the four begin.
 */
function addValues(
  mixed: usize,
  correction: v128,
  weights: usize,
  values: usize,
  from: i32,
  to: i32,
  rowBytes: usize,
): void {
  for (let i: usize = 0; i < rowBytes; i += 16) v128.store(mixed + i, f32x4.mul(v128.load(mixed + i), correction));
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

/**
 * Attention with a running softmax over blocks of 64 slots (Milakov and Gimelshein 2018). What a token gets depends only on
 * which slots it sees, never on what else is in the frame. Heads are shared out over the threads; a thread first writes the
 * keys and values of its heads, and where two threads share a key head both write the same bytes.
 *
 * Scratch: query, mixture [size] each, scores [64], and two tiles [64][size] for a cache that is not float32.
 */
export function attend(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const heads = load<i32>(entry + attendHeads);
  const keyHeads = load<i32>(entry + attendKeyHeads);
  const shared = heads / keyHeads;
  const fromHead = (heads * thread) / threads;
  const toHead = (heads * (thread + 1)) / threads;
  if (fromHead === toHead) return;
  const recall = load<i32>(entry + attendRecall) !== 0;
  if (!recall) append(entry, frame, scratch, tokens, fromHead / shared, (toHead - 1) / shared + 1);

  const size = load<i32>(entry + attendHeadSize);
  const padded = (size + 3) & ~3;
  const rowBytes = (<usize>padded) << 2;
  const query = scratch;
  const mixed = query + rowBytes;
  const scores = mixed + rowBytes;
  const keyTile = scores + (slotsPerBlock << 2);
  const valueTile = keyTile + <usize>slotsPerBlock * rowBytes;
  const layer = load<i32>(entry + attendLayer);
  const element = recall ? elementFloat32 : load<i32>(frame + frameElement);
  const bytes = tileBytes(element, padded);
  const scale = f32x4.splat(load<f32>(entry + attendScale));
  const turned = (load<i32>(entry + attendTurn) & 1) !== 0;
  const window = load<i32>(entry + attendWindow);
  const biasTable = <usize>load<u32>(entry + attendBias);
  const reach = load<i32>(entry + attendBiasReach);
  const tables = <usize>load<u32>(frame + (recall ? frameSourceTables : frameTables));

  for (let token = 0; token < tokens; token++) {
    const at = (<usize>token) << 2;
    const table = <usize>load<u32>(tables + at);
    let first = 0;
    let end = 0;
    let sinks = 0;
    if (recall) end = load<i32>(<usize>load<u32>(frame + frameSourceLengths) + at);
    else {
      end = load<i32>(<usize>load<u32>(frame + frameEnds) + at);
      if (load<i32>(entry + attendBidirectional) === 0) {
        const slot = load<i32>(<usize>load<u32>(frame + frameSlots) + at);
        first = load<i32>(<usize>load<u32>(frame + frameFirsts) + at);
        sinks = min(load<i32>(frame + frameSinks), first);
        if (window !== 0) first = max(first, slot - window + 1);
      }
    }
    const input = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
    const output = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
    for (let head = fromHead; head < toHead; head++) {
      const column = (<usize>(head * size)) << 2;
      copyHead(query, input + column, size, padded);
      if (turned)
        turnHead(query, anglesOf(entry, frame, token), load<i32>(entry + rotaryWidth), load<i32>(entry + rotaryPairs));
      for (let i: usize = 0; i < rowBytes; i += 16) {
        v128.store(query + i, f32x4.mul(v128.load(query + i), scale));
        v128.store(mixed + i, f32x4.splat(0));
      }
      let bias: usize = 0;
      if (biasTable !== 0) {
        const position = load<i32>(<usize>load<u32>(frame + framePositions) + at);
        bias = biasTable + ((<usize>(head * (2 * reach + 1) + reach - position)) << 2);
      }
      largest = never;
      total = 0;
      let slot = sinks > 0 ? 0 : first;
      while (slot < end) {
        const block = slot & ~(slotsPerBlock - 1);
        const limit = slot < sinks ? sinks : end;
        const stop = min(limit, block + slotsPerBlock);
        let keys = tileOf(table, slot, layer, keyHeads, head / shared, bytes);
        let values = keys + <usize>keyHeads * bytes;
        if (element === elementFloat32) {
          store<i32>(scores, touchTile(keys, rowBytes, slot - block, stop - block));
          store<i32>(scores, touchTile(values, rowBytes, slot - block, stop - block));
        } else {
          loadSlots(element, keys, slot - block, stop - block, padded, keyTile);
          loadSlots(element, values, slot - block, stop - block, padded, valueTile);
          keys = keyTile;
          values = valueTile;
        }
        mixBlock(
          entry,
          query,
          mixed,
          scores,
          keys,
          values,
          slot - block,
          stop - block,
          padded,
          bias === 0 ? 0 : bias + ((<usize>block) << 2),
        );
        slot = stop;
        if (slot === sinks && slot < first) slot = first;
      }
      const factor = f32x4.splat(total > 0 ? <f32>1.0 / total : 0);
      for (let i: usize = 0; i < rowBytes; i += 16) v128.store(mixed + i, f32x4.mul(v128.load(mixed + i), factor));
      memory.copy(output + column, mixed, (<usize>size) << 2);
    }
  }
}

/** Store keys and values of the frame's tokens as source memory. Key heads are shared out over the threads. */
export function remember(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const keyHeads = load<i32>(entry + attendKeyHeads);
  append(entry, frame, scratch, tokens, (keyHeads * thread) / threads, (keyHeads * (thread + 1)) / threads);
}
