import {
  attendBias,
  attendBiasReach,
  attendBidirectional,
  attendCross,
  attendHeadSize,
  attendHeads,
  attendKeyHeads,
  attendKeys,
  attendKeysStride,
  attendLayer,
  attendScale,
  attendSoftcap,
  attendTurn,
  attendValues,
  attendValuesStride,
  attendWindow,
  element8Bit,
  elementFloat16,
  elementFloat32,
  entryInput,
  entryInputStride,
  entryOutput,
  entryOutputStride,
  frameElement,
  frameEncoded,
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
} from '../src/wasm/module/layout';
import { exponential, hyperbolicTangent } from './activations';
import { addFloats, scoreFloats } from './attend-floats';
import { addIntegers, encodeQuery, scoreIntegers } from './attend-integers';
import { loadSlots, storeSlot, tileBytes } from './cache';
import { anglesOf, turnHead } from './rotary';
import { beforeSmallHalves, clearFloats, copyFloats, laneMax, laneSum } from './vectors';

/** The largest score before any was seen: below every score that counts, but finite. */
const never: f32 = -1e30;

/** Copy one head and pad it with zeros. */
function copyHead(target: usize, source: usize, size: i32, padded: i32): void {
  copyFloats(target, source, (<usize>size) << 2);
  clearFloats(target + ((<usize>size) << 2), (<usize>(padded - size)) << 2);
}

/** The tile of a key head in the block of a slot. The tile of its values follows it. */
function tileOf(table: usize, slot: i32, layer: i32, keyHeads: i32, keyHead: i32, bytes: usize): usize {
  const block = <usize>load<u32>(table + ((<usize>(slot / slotsPerBlock)) << 2));
  return block + <usize>((layer * keyHeads + keyHead) * 2) * bytes;
}

/** Write the keys and values of all tokens, for the key heads from..to, into the blocks of their rows. */
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
      storeSlot(element, tile + bytes, <usize>(slot % slotsPerBlock), scratch, padded);
    }
  }
}

/**
 * State of one head of one token while blocks are processed: the rotated and scaled query and the mixture of values,
 * float32 [size] each, then the running softmax (largest score, sum of exponentials). For 8-bit tiles the query is
 * int16 [size], and its scale follows the sum.
 */
function stateBytes(rowBytes: usize): usize {
  return (rowBytes << 1) + 16;
}

/**
 * Add the slots from..to of one block to the mixture of values: compute scores, update the largest score, add values
 * weighted by the exponentials. `scores` has room for 64. `form` is the number type of the tiles.
 */
function mixBlock(
  softcap: f32,
  state: usize,
  scores: usize,
  keys: usize,
  values: usize,
  form: i32,
  from: i32,
  to: i32,
  rowBytes: usize,
  bias: usize,
): void {
  const mixed = state + rowBytes;
  const running = mixed + rowBytes;
  const size = <i32>(rowBytes >> 2);
  const start = from & ~3;
  const end = (to + 3) & ~3;
  const lanes = i32x4(0, 1, 2, 3);
  // A NaN among the scores makes the largest score, every weight and the mixture NaN.
  if (form === element8Bit) scoreIntegers(state, load<f32>(running, 8), keys, start, end, size, scores);
  else if (form === elementFloat16) scoreFloats<u16>(state, keys, from, to, size, scores);
  else scoreFloats<f32>(state, keys, from, to, size, scores);
  let best = f32x4.splat(never);
  for (let slot = start; slot < end; slot += 4) {
    const at = scores + ((<usize>slot) << 2);
    let score = v128.load(at);
    if (softcap !== 0)
      score = f32x4.mul(hyperbolicTangent(f32x4.div(score, f32x4.splat(softcap))), f32x4.splat(softcap));
    if (bias !== 0) score = f32x4.add(score, v128.load(bias + ((<usize>slot) << 2)));
    const index = i32x4.add(lanes, i32x4.splat(slot));
    const seen = v128.and(i32x4.ge_s(index, i32x4.splat(from)), i32x4.lt_s(index, i32x4.splat(to)));
    score = v128.bitselect(score, f32x4.splat(-Infinity), seen);
    best = f32x4.max(best, score);
    v128.store(at, score);
  }
  const largest = load<f32>(running);
  const top = max<f32>(largest, laneMax(best));
  const shift = f32x4.splat(top);
  const correction = f32x4.extract_lane(exponential(f32x4.splat(largest - top)), 0);
  let sums = f32x4.splat(0);
  for (let slot = start; slot < end; slot += 4) {
    const at = scores + ((<usize>slot) << 2);
    const weight = exponential(f32x4.sub(v128.load(at), shift));
    sums = f32x4.add(sums, weight);
    v128.store(at, weight);
  }
  store<f32>(running, top);
  store<f32>(running, load<f32>(running, 4) * correction + laneSum(sums), 4);
  if (form === element8Bit) addIntegers(mixed, correction, scores, values, from, to, size);
  else if (form === elementFloat16) addFloats<u16>(mixed, correction, scores, values, from, to, size);
  else addFloats<f32>(mixed, correction, scores, values, from, to, size);
}

/** From this many tokens on, a half-precision tile is widened to float32 once for all tokens. The bits are the same. */
const worthWidening = 4;

/** The number type in which attention reads a tile. */
function formOf(element: i32, tokens: i32): i32 {
  return element === elementFloat16 && tokens >= worthWidening ? elementFloat32 : element;
}

/** Initialize the state of one head of one token. */
function begin(entry: usize, frame: usize, token: i32, head: i32, form: i32, state: usize, rowBytes: usize): void {
  const size = load<i32>(entry + attendHeadSize);
  const input = <usize>load<u32>(entry + entryInput) + <usize>token * load<u32>(entry + entryInputStride);
  copyHead(state, input + ((<usize>(head * size)) << 2), size, <i32>(rowBytes >> 2));
  if ((load<i32>(entry + attendTurn) & 1) !== 0)
    turnHead(state, anglesOf(entry, frame, token), load<i32>(entry + rotaryWidth), load<i32>(entry + rotaryPairs));
  const factor: f32 = form === elementFloat16 ? beforeSmallHalves : 1;
  const scale = f32x4.splat(load<f32>(entry + attendScale) * factor);
  for (let i: usize = 0; i < rowBytes; i += 16) {
    v128.store(state + i, f32x4.mul(v128.load(state + i), scale));
    v128.store(state + rowBytes + i, f32x4.splat(0));
  }
  store<f32>(state + (rowBytes << 1), never);
  store<f32>(state + (rowBytes << 1), 0, 4);
  if (form === element8Bit) store<f32>(state + (rowBytes << 1), encodeQuery(state, rowBytes), 8);
}

/**
 * The mixture divided by the sum of exponentials; zeros for a token that sees no slot. A sum of zero over slots that are
 * seen gives NaN, as a softmax over -Infinity does.
 */
function end(entry: usize, token: i32, head: i32, state: usize, rowBytes: usize, sees: bool): void {
  const size = load<i32>(entry + attendHeadSize);
  const mixed = state + rowBytes;
  const total = load<f32>(mixed + rowBytes, 4);
  const factor = f32x4.splat(sees ? <f32>1.0 / total : 0);
  for (let i: usize = 0; i < rowBytes; i += 16) v128.store(mixed + i, f32x4.mul(v128.load(mixed + i), factor));
  const output = <usize>load<u32>(entry + entryOutput) + <usize>token * load<u32>(entry + entryOutputStride);
  copyFloats(output + ((<usize>(head * size)) << 2), mixed, (<usize>size) << 2);
}

// A token sees the first `sinks` slots, and the slots from `first` to `end`.
let sinks: i32 = 0;
let firstSeen: i32 = 0;
let endSeen: i32 = 0;

function findSeen(entry: usize, frame: usize, token: i32, cross: bool): void {
  const at = (<usize>token) << 2;
  sinks = 0;
  firstSeen = 0;
  if (cross) {
    endSeen = load<i32>(<usize>load<u32>(frame + frameSourceLengths) + at);
    return;
  }
  endSeen = load<i32>(<usize>load<u32>(frame + frameEnds) + at);
  if (load<i32>(entry + attendBidirectional) !== 0) return;
  const window = load<i32>(entry + attendWindow);
  firstSeen = load<i32>(<usize>load<u32>(frame + frameFirsts) + at);
  sinks = min(load<i32>(frame + frameSinks), firstSeen);
  if (window !== 0) firstSeen = max(firstSeen, load<i32>(<usize>load<u32>(frame + frameSlots) + at) - window + 1);
}

/**
 * Attention with a running softmax over blocks of 64 slots (Milakov and Gimelshein 2018). The result of a token depends
 * only on which slots it sees, never on what else is in the frame. Heads are divided among the threads. A thread first
 * writes the keys and values of its heads; where two threads share a key head, both write the same bytes.
 *
 * The order is block, head, token, so that a long cache is read in memory order and the tokens of a prompt find a tile
 * in the L1 cache.
 *
 * Scratch: scores [64], and two tiles [64][size] for a half-precision cache. The states of all heads of all tokens use
 * the memory of the encoded inputs of linear maps.
 */
export function attend(entry: usize, frame: usize, scratch: usize, tokens: i32, thread: i32, threads: i32): void {
  const heads = load<i32>(entry + attendHeads);
  const keyHeads = load<i32>(entry + attendKeyHeads);
  const shared = heads / keyHeads;
  const fromHead = (heads * thread) / threads;
  const toHead = (heads * (thread + 1)) / threads;
  if (fromHead === toHead) return;
  const cross = load<i32>(entry + attendCross) !== 0;
  if (!cross) append(entry, frame, scratch, tokens, fromHead / shared, (toHead - 1) / shared + 1);

  const padded = (load<i32>(entry + attendHeadSize) + 3) & ~3;
  const rowBytes = (<usize>padded) << 2;
  const states = <usize>load<u32>(frame + frameEncoded);
  const bytesOfState = stateBytes(rowBytes);
  const form = formOf(cross ? elementFloat32 : load<i32>(frame + frameElement), tokens);
  let blocks = 0;
  for (let token = 0; token < tokens; token++) {
    for (let head = fromHead; head < toHead; head++)
      begin(entry, frame, token, head, form, states + <usize>(token * heads + head) * bytesOfState, rowBytes);
    findSeen(entry, frame, token, cross);
    blocks = max(blocks, (endSeen + slotsPerBlock - 1) / slotsPerBlock);
  }
  for (let block = 0; block < blocks; block++)
    for (let head = fromHead; head < toHead; head++)
      takeBlock(entry, frame, scratch, tokens, cross, block * slotsPerBlock, head, head / shared, states);
  for (let token = 0; token < tokens; token++) {
    findSeen(entry, frame, token, cross);
    const sees = firstSeen < endSeen || sinks > 0;
    for (let head = fromHead; head < toHead; head++)
      end(entry, token, head, states + <usize>(token * heads + head) * bytesOfState, rowBytes, sees);
  }
}

/** Process one block for one head of all tokens that see part of it. */
function takeBlock(
  entry: usize,
  frame: usize,
  scratch: usize,
  tokens: i32,
  cross: bool,
  block: i32,
  head: i32,
  keyHead: i32,
  states: usize,
): void {
  const heads = load<i32>(entry + attendHeads);
  const keyHeads = load<i32>(entry + attendKeyHeads);
  const padded = (load<i32>(entry + attendHeadSize) + 3) & ~3;
  const rowBytes = (<usize>padded) << 2;
  const bytesOfState = stateBytes(rowBytes);
  const layer = load<i32>(entry + attendLayer);
  const element = cross ? elementFloat32 : load<i32>(frame + frameElement);
  const bytes = tileBytes(element, padded);
  const form = formOf(element, tokens);
  const softcap = load<f32>(entry + attendSoftcap);
  const biasTable = <usize>load<u32>(entry + attendBias);
  const reach = load<i32>(entry + attendBiasReach);
  const tables = <usize>load<u32>(frame + (cross ? frameSourceTables : frameTables));
  const keyTile = scratch + (slotsPerBlock << 2);
  const valueTile = keyTile + <usize>slotsPerBlock * rowBytes;
  let widened: usize = 0;
  let widenedTo = 0;
  for (let token = 0; token < tokens; token++) {
    const at = (<usize>token) << 2;
    findSeen(entry, frame, token, cross);
    if (endSeen <= block) continue;
    const inSinks = min(sinks - block, slotsPerBlock);
    const from = max(firstSeen - block, 0);
    const to = min(endSeen - block, slotsPerBlock);
    if (inSinks <= 0 && from >= to) continue;
    let keys = tileOf(<usize>load<u32>(tables + at), block, layer, keyHeads, keyHead, bytes);
    let values = keys + bytes;
    if (form !== element) {
      // The tokens of a row are usually consecutive, so each sees at least as much of the block as the one before.
      if (keys !== widened) widenedTo = 0;
      widened = keys;
      const wanted = max(inSinks, from < to ? to : 0);
      if (wanted > widenedTo) {
        loadSlots(element, keys, widenedTo, wanted, padded, keyTile);
        loadSlots(element, values, widenedTo, wanted, padded, valueTile);
        widenedTo = wanted;
      }
      keys = keyTile;
      values = valueTile;
    }
    let bias: usize = 0;
    if (biasTable !== 0) {
      const position = load<i32>(<usize>load<u32>(frame + framePositions) + at);
      bias = biasTable + ((<usize>(head * (2 * reach + 1) + reach - position + block)) << 2);
    }
    const state = states + <usize>(token * heads + head) * bytesOfState;
    if (inSinks > 0) mixBlock(softcap, state, scratch, keys, values, form, 0, inSinks, rowBytes, bias);
    const rest = max(from, inSinks);
    if (rest < to) mixBlock(softcap, state, scratch, keys, values, form, rest, to, rowBytes, bias);
  }
}

/**
 * Store the keys and values of the frame's tokens as encoder keys and values. Key heads are divided among the threads.
 */
export function storeEncoderKeyValues(
  entry: usize,
  frame: usize,
  scratch: usize,
  tokens: i32,
  thread: i32,
  threads: i32,
): void {
  const keyHeads = load<i32>(entry + attendKeyHeads);
  append(entry, frame, scratch, tokens, (keyHeads * thread) / threads, (keyHeads * (thread + 1)) / threads);
}
