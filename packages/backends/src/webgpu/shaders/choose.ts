import type { Kernel } from './kernel.ts';
import { race } from './race.ts';

/** The logits as bits. */
export const logits = '@group(0) @binding(0) var<storage, read> logits : array<u32>;';
/** Threads per row. */
export const threads = 256;
/** Maps the bits of a float32 to an unsigned integer with the same order; positive NaN comes last, negative NaN first. */
export const key = `fn key(bits : u32) -> u32 { return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u); }`;
/** Bits of -Infinity: a removed token. */
export const removed = '0xff800000u';
/** One work group per row. */
export const header: string = `@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) id : vec3u, @builtin(local_invocation_index) lane : u32) {`;

/**
 * The largest logit of each row, or the token that wins the exponential race of the row's key; 0xffffffff where there is
 * none. One work group per row.
 */
export function chooseKernel(vocabSize: number, draws: boolean): Kernel {
  const code = `${logits}
${draws ? '@group(0) @binding(1) var<storage, read> drawKeys : array<vec2u>;' : ''}
@group(0) @binding(${draws ? 2 : 1}) var<storage, read_write> chosen : array<u32>;
${key}${draws ? race : ''}
var<workgroup> keys : array<u32, ${threads}>;
var<workgroup> sums : array<f32, ${threads}>;
var<workgroup> ids : array<u32, ${threads}>;
var<workgroup> broken : atomic<u32>;
${header}
  let row = id.x * ${vocabSize}u;
  var best = 0u;
  var bestAt = 0xffffffffu;
  for (var i = lane; i < ${vocabSize}u; i += ${threads}u) {
    let bits = logits[row + i];
    // NaN of either sign, and +Infinity.
    if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u) { atomicOr(&broken, 1u); }
    // -0 and 0 are equal, so the first of them is chosen.
    let own = key(select(bits, 0u, bits == 0x80000000u));
    if (bits != ${removed} && own > best) {
      best = own;
      bestAt = i;
    }
  }
  keys[lane] = best;
  ids[lane] = bestAt;
  workgroupBarrier();
  var result = 0xffffffffu;
  ${draws ? raceOf(vocabSize) : largestOf}
  if (lane == 0u) { chosen[id.x] = select(result, 0xffffffffu, atomicLoad(&broken) == 1u); }
}`;
  return { label: draws ? 'draw' : 'arg max', code, bindings: draws ? ['read', 'read', 'write'] : ['read', 'write'] };
}

/** On ties, the lowest id. */
const largestOf = `if (lane == 0u) {
    var highest = 0u;
    for (var i = 0u; i < ${threads}u; i++) {
      if (keys[i] > highest || (keys[i] == highest && highest != 0u && ids[i] < result)) {
        highest = keys[i];
        result = ids[i];
      }
    }
  }`;

/** Each thread has pairs of tokens, which share a block of random bits. On ties, the lowest id. */
function raceOf(vocabSize: number): string {
  return `var highest = 0u;
  for (var i = 0u; i < ${threads}u; i++) { highest = max(highest, keys[i]); }
  let top = bitcast<f32>(select(~highest, highest & 0x7fffffffu, (highest >> 31u) == 1u));
  workgroupBarrier();
  let drawKey = drawKeys[id.x];
  var most = 0.0;
  var winner = 0xffffffffu;
  for (var pair = lane; 2u * pair < ${vocabSize}u; pair += ${threads}u) {
    let high = threefry(drawKey, vec2u(pair, 0u));
    for (var part = 0u; part < 2u; part++) {
      let i = 2u * pair + part;
      if (i >= ${vocabSize}u) { break; }
      let bits = logits[row + i];
      if (bits == ${removed}) { continue; }
      // Relative to the largest logit, so that little is lost in the sum.
      let logit = bitcast<f32>(bits) - top;
      if (winner != 0xffffffffu && logit + mostNoise(high[part]) <= most) { continue; }
      let sum = logit + noiseOf(high[part], threefry(drawKey, vec2u(pair, 1u))[part]);
      if (winner == 0xffffffffu || sum > most) {
        most = sum;
        winner = i;
      }
    }
  }
  sums[lane] = most;
  ids[lane] = winner;
  workgroupBarrier();
  if (lane == 0u) {
    var first = 0.0;
    for (var i = 0u; i < ${threads}u; i++) {
      if (ids[i] == 0xffffffffu) { continue; }
      if (result == 0xffffffffu || sums[i] > first || (sums[i] == first && ids[i] < result)) {
        first = sums[i];
        result = ids[i];
      }
    }
  }`;
}

/**
 * Set the logits of tokens whose bit is not set to -Infinity. `masks` has the words of each row, or one set for all
 * rows.
 */
export function maskKernel(vocabSize: number, shared: boolean): Kernel {
  const words = Math.ceil(vocabSize / 32);
  return {
    label: 'mask',
    bindings: ['read', 'read', 'write'],
    code: `${logits}
@group(0) @binding(1) var<storage, read> masks : array<u32>;
@group(0) @binding(2) var<storage, read_write> kept : array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x >= ${vocabSize}u) { return; }
  let word = masks[${shared ? '0u' : `id.y * ${words}u`} + id.x / 32u];
  let at = id.y * ${vocabSize}u + id.x;
  kept[at] = select(${removed}, logits[at], ((word >> (id.x & 31u)) & 1u) == 1u);
}`,
  };
}

/** Words per row of the result of `topKernel`: ids and values, the values of requested ids, the log-sum-exp. */
export function topWords(count: number, named: number): number {
  return 2 * count + named + 1;
}

/**
 * The largest logits of each row in ascending order of ids, found by searching for the value that this many logits
 * reach; on ties the lower ids. Also the values of some ids, and the log-sum-exp.
 */
export function topKernel(vocabSize: number, count: number, named: number): Kernel {
  const share = Math.ceil(vocabSize / threads);
  const words = topWords(count, named);
  const code = `${logits}
@group(0) @binding(1) var<storage, read> names : array<u32>;
@group(0) @binding(2) var<storage, read_write> result : array<u32>;
${key}
var<workgroup> counted : atomic<u32>;
var<workgroup> enough : u32;
var<workgroup> above : array<u32, ${threads}>;
var<workgroup> equal : array<u32, ${threads}>;
var<workgroup> sums : array<f32, ${threads}>;
var<workgroup> highestKey : atomic<u32>;
${header}
  let row = id.x * ${vocabSize}u;
  let out = id.x * ${words}u;
  let begin = min(lane * ${share}u, ${vocabSize}u);
  let end = min(begin + ${share}u, ${vocabSize}u);
  var threshold = 0u;
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = threshold | (0x80000000u >> bit);
    var own = 0u;
    for (var i = lane; i < ${vocabSize}u; i += ${threads}u) { own += select(0u, 1u, key(logits[row + i]) >= candidate); }
    atomicAdd(&counted, own);
    workgroupBarrier();
    if (lane == 0u) {
      enough = select(0u, 1u, atomicLoad(&counted) >= ${count}u);
      atomicStore(&counted, 0u);
    }
    if (workgroupUniformLoad(&enough) == 1u) { threshold = candidate; }
  }
  var more = 0u;
  var same = 0u;
  var most = 0u;
  for (var i = begin; i < end; i++) {
    let bits = logits[row + i];
    let k = key(bits);
    more += select(0u, 1u, k > threshold);
    same += select(0u, 1u, k == threshold);
    // NaN of either sign is ordered above everything.
    most = max(most, select(k, 0xffffffffu, (bits & 0x7fffffffu) > 0x7f800000u));
  }
  above[lane] = more;
  equal[lane] = same;
  atomicMax(&highestKey, most);
  workgroupBarrier();
  var allAbove = 0u;
  var place = 0u;
  var equalBefore = 0u;
  for (var i = 0u; i < ${threads}u; i++) {
    if (i < lane) {
      place += above[i];
      equalBefore += equal[i];
    }
    allAbove += above[i];
  }
  let ties = ${count}u - min(${count}u, allAbove);
  for (var i = begin; i < end; i++) {
    let bits = logits[row + i];
    let k = key(bits);
    var at = 0xffffffffu;
    if (k > threshold) {
      at = place;
      place++;
    } else if (k == threshold) {
      if (equalBefore < ties) { at = allAbove + equalBefore; }
      equalBefore++;
    }
    if (at < ${count}u) {
      result[out + 2u * at] = i;
      result[out + 2u * at + 1u] = bits;
    }
  }
  for (var i = lane; i < ${named}u; i += ${threads}u) { result[out + ${2 * count}u + i] = logits[row + names[i]]; }
  let highest = atomicLoad(&highestKey);
  let topBits = select(~highest, highest & 0x7fffffffu, (highest >> 31u) == 1u);
  let top = bitcast<f32>(topBits);
  var sum = 0.0;
  for (var i = begin; i < end; i++) {
    let bits = logits[row + i];
    if (bits != ${removed}) { sum += exp(bitcast<f32>(bits) - top); }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < ${threads}u; i++) { total += sums[i]; }
    var value = topBits;
    // Only for a finite maximum; otherwise the maximum itself is the result.
    if ((topBits & 0x7f800000u) != 0x7f800000u) { value = bitcast<u32>(top + log(total)); }
    result[out + ${words - 1}u] = value;
  }
}`;
  return { label: 'top', code, bindings: ['read', 'read', 'write'] };
}
