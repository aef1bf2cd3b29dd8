import type { CacheElement } from '../../paged/paged-rows.ts';
import { bindingsOf, buffers, exponential, frameAccess, rotaryFunction, signed4 } from './common.ts';
import type { Kernel } from './kernel.ts';
import { float } from './linear.ts';

/** Slots of a row per block. */
export const slotsPerBlock = 32;

/** Layout of keys and values in a pool, in 32-bit words. */
export interface CacheLayout {
  readonly element: CacheElement;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Words of a slot of one head. */
  readonly slotWords: number;
  /**
   * Words of the keys, or the values, of one head of one layer in a block: its slots, then the scales of an 8-bit
   * cache.
   */
  readonly tileWords: number;
  readonly blockWords: number;
}

export function cacheLayout(
  element: CacheElement,
  shape: { readonly layers: number; readonly kvHeads: number; readonly headDim: number },
): CacheLayout {
  const perWord = { f32: 1, f16: 2, '8-bit': 4 }[element];
  const slotWords = Math.ceil(shape.headDim / perWord);
  const tileWords = slotsPerBlock * (slotWords + (element === '8-bit' ? 1 : 0));
  return { element, ...shape, slotWords, tileWords, blockWords: tileWords * 2 * shape.kvHeads * shape.layers };
}

export interface AttendShape {
  readonly cache: CacheLayout;
  readonly heads: number;
  readonly scale: number;
  readonly softcap: number | undefined;
  readonly window: number | undefined;
  /** Reach of the relative bias; undefined without one. */
  readonly reach: number | undefined;
  readonly sees: 'before' | 'row' | 'source';
  readonly rotary: { readonly rotated: number; readonly style: 'neox' | 'interleaved' } | undefined;
  readonly maxTokens: number;
}

/** Offset of a head's keys in a block, in words. The tile of its values follows. */
const tiles = ({ blockWords, tileWords, kvHeads }: CacheLayout): string =>
  `fn tile(number : u32, layer : u32, head : u32) -> u32 {
  return number * ${blockWords}u + (layer * ${kvHeads}u + head) * ${2 * tileWords}u;
}`;

const appendBuffers = ['p', 'frame', 'arena', 'vectors', 'pool'] as const;

/**
 * Write rotated keys, and values, to the cache. One work group per head and token. Parameters: p[first] = k, its
 * stride, v, its stride; p[1].x = layer, p[1].y = table of angles.
 */
export function appendKernel(
  { cache, rotary, maxTokens }: Pick<AttendShape, 'cache' | 'rotary' | 'maxTokens'>,
  first = 0,
): Kernel {
  const { element, headDim, slotWords, tileWords } = cache;
  const word = {
    f32: 'bitcast<u32>(numbers[part * size + w])',
    f16: 'half(numbers[part * size + 2u * w]) | (half(numbers[part * size + 2u * w + 1u]) << 16u)',
    '8-bit': 'bytes(part * size + 4u * w, inverse)',
  }[element];
  const padded = Math.ceil(headDim / 4) * 4;
  const code = `${buffers(appendBuffers)}
${frameAccess(maxTokens, 'tokens')}
${tiles(cache)}
${rotaryFunction(rotary)}
const size = ${padded}u;
var<workgroup> numbers : array<f32, ${2 * padded}>;
// Numbers that are too large become the largest one; NaN and infinities become NaN.
fn half(x : f32) -> u32 {
  let number = pack2x16float(vec2f(clamp(x, -65504.0, 65504.0), 0.0)) & 0xffffu;
  return select(number, 0x7e00u, (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u);
}
fn bytes(at : u32, inverse : f32) -> u32 {
  let n = vec4i(round(vec4f(numbers[at], numbers[at + 1u], numbers[at + 2u], numbers[at + 3u]) * inverse));
  let b = vec4u(clamp(n, vec4i(-127), vec4i(127))) & vec4u(255u);
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(local_invocation_index) lane : u32) {
  let head = id.x;
  let token = id.y;
  for (var d = lane; d < size; d += 64u) {
    var k = 0.0;
    var v = 0.0;
    if (d < ${headDim}u) {
      k = turned(p[${first}].x + token * p[${first}].y + head * ${headDim}u, d, positions(token), p[1].y);
      v = arena[p[${first}].z + token * p[${first}].w + head * ${headDim}u + d];
    }
    numbers[d] = k;
    numbers[size + d] = v;
  }
  workgroupBarrier();
  let slot = slots(token);
  let start = tile(block(tables(token) + slot / ${slotsPerBlock}u), p[1].x, head);
  let place = slot % ${slotsPerBlock}u;
  for (var part = 0u; part < 2u; part++) {
    let at = start + part * ${tileWords}u;
    var inverse = 1.0;
    ${
      element === '8-bit'
        ? `// The bits of magnitudes are ordered as they are, with NaN above infinity.
    var mostBits = 0u;
    for (var d = 0u; d < size; d++) { mostBits = max(mostBits, bitcast<u32>(numbers[part * size + d]) & 0x7fffffffu); }
    let finite = mostBits < 0x7f800000u;
    let most = bitcast<f32>(select(0u, mostBits, finite));
    inverse = 0.0;
    if (most > 0.0) { inverse = 127.0 / most; }
    // A scale of NaN makes every number of the slot NaN.
    if (lane == 0u) { pool[at + ${slotsPerBlock * slotWords}u + place] = select(0x7fc00000u, bitcast<u32>(most / 127.0), finite); }`
        : ''
    }
    for (var w = lane; w < ${slotWords}u; w += 64u) { pool[at + place * ${slotWords}u + w] = ${word}; }
  }
}`;
  return { label: `append ${element}`, code, bindings: bindingsOf(appendBuffers) };
}

/**
 * `number(tile, slot, d)`: one number of the cache. `keyDot`: the dot product of a slot's key and the query in `query`.
 */
function cacheAccess({ element, slotWords, headDim }: CacheLayout): string {
  const scale = `bitcast<f32>(pool[at + ${slotsPerBlock * slotWords}u + slot])`;
  const value = {
    f32: `return bitcast<f32>(pool[at + slot * ${slotWords}u + d]);`,
    f16: `let two = unpack2x16float(pool[at + slot * ${slotWords}u + d / 2u]);
  return select(two.x, two.y, (d & 1u) == 1u);`,
    '8-bit': `return signed4(pool[at + slot * ${slotWords}u + d / 4u])[d & 3u] * ${scale};`,
  }[element];
  const term = {
    f32: 'sum += bitcast<f32>(pool[begin + w]) * query[w];',
    f16: 'sum += dot(unpack2x16float(pool[begin + w]), vec2f(query[2u * w], query[2u * w + 1u]));',
    '8-bit':
      'sum += dot(signed4(pool[begin + w]), vec4f(query[4u * w], query[4u * w + 1u], query[4u * w + 2u], query[4u * w + 3u]));',
  }[element];
  return `${signed4}
var<workgroup> query : array<f32, ${Math.ceil(headDim / 4) * 4}>;
fn number(at : u32, slot : u32, d : u32) -> f32 {
  ${value}
}
fn keyDot(at : u32, slot : u32) -> f32 {
  let begin = at + slot * ${slotWords}u;
  var sum = 0.0;
  for (var w = 0u; w < ${slotWords}u; w++) { ${term} }
  return sum${element === '8-bit' ? ` * ${scale}` : ''};
}`;
}

const attendBuffers = ['p', 'frame', 'arena', 'vectors', 'pool'] as const;
const splitBuffers = [...attendBuffers, 'partials'] as const;

/** Numbers in the partial result of a share: its maximum, the sum of weights, and the weighted values. */
export function partialSize(headDim: number): number {
  return headDim + 2;
}

/**
 * Attention of one head of one token over a share of the cache, 64 slots at a time with a running softmax. One work
 * group per head, token and share. An undivided attention writes the result, otherwise a partial result for
 * `mergeKernel`. Parameters: p[0] = q, its stride, result, its stride; p[1] = layer, table of angles, relative bias.
 */
export function attendKernel(shape: AttendShape, split: boolean): Kernel {
  const { cache, heads, scale, softcap, window, reach, sees, rotary, maxTokens } = shape;
  const { headDim, kvHeads, tileWords } = cache;
  const perThread = Math.ceil(headDim / 64);
  const source = sees === 'source';
  const names = split ? splitBuffers : attendBuffers;
  const code = `${buffers(names)}
${frameAccess(maxTokens, 'tokens')}
${tiles(cache)}
${cacheAccess(cache)}
${rotaryFunction(rotary)}
${exponential}
var<workgroup> scores : array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(local_invocation_index) lane : u32) {
  let head = id.x;
  let token = id.y;
  let kvHead = head / ${heads / kvHeads}u;
  let slot = slots(token);
  for (var d = lane; d < ${Math.ceil(headDim / 4) * 4}u; d += 64u) {
    query[d] = 0.0;
    if (d < ${headDim}u) {
      query[d] = turned(p[0].x + token * p[0].y + head * ${headDim}u, d, positions(token), p[1].y) * ${float(scale)};
    }
  }
  workgroupBarrier();
  let table = ${source ? 'sourceTables' : 'tables'}(token);
  let end = ${source ? 'sourceEnds(token)' : sees === 'row' ? 'ends(token)' : 'slot + 1u'};
  let windowSize = ${sees === 'before' ? 'frame[5]' : '0xffffffffu'};
  let sinks = frame[6];
  var begin = ${split ? 'id.z * frame[4]' : '0u'};
  let to = ${split ? 'min(end, begin + frame[4])' : 'end'};
  ${
    sees === 'before'
      ? `// What neither the window nor the sinks hold is skipped, whole blocks at a time.
  var skipTo = 0u;
  ${window === undefined ? '' : `if (end > ${window}u) { skipTo = max(skipTo, end - ${window}u); }`}
  if (sinks == 0u && end > windowSize) { skipTo = max(skipTo, end - windowSize); }
  begin = max(begin, (skipTo / ${slotsPerBlock}u) * ${slotsPerBlock}u);`
      : ''
  }
  var most = -1e30;
  var total = 0.0;
  var acc : array<f32, ${perThread}>;
  for (var s0 = begin; s0 < to; s0 += 64u) {
    let s = s0 + lane;
    var score = -1e30;
    var seen = s < to;
    ${window === undefined ? '' : `seen = seen && s + ${window}u >= end;`}
    seen = seen && (s < sinks || windowSize == 0xffffffffu || s + windowSize >= end);
    if (seen) {
      score = keyDot(tile(block(table + s / ${slotsPerBlock}u), p[1].x, kvHead), s % ${slotsPerBlock}u);
      ${softcap === undefined ? '' : `score = ${float(softcap)} * select(tanh(clamp(score / ${float(softcap)}, -20.0, 20.0)), score, isNaN(score));`}
      ${
        reach === undefined
          ? ''
          : `score += vectors[p[1].z + head * ${2 * reach + 1}u + u32(clamp(i32(s) - i32(positions(token)), -${reach}, ${reach}) + ${reach})];`
      }
    }
    workgroupBarrier();
    scores[lane] = score;
    workgroupBarrier();
    var highest = most;
    for (var i = 0u; i < 64u; i++) { highest = max(highest, scores[i]); }
    // Weights of NaN make the sum and the mixture NaN.
    let shrink = exponential(most - highest);
    most = highest;
    workgroupBarrier();
    scores[lane] = select(0.0, exponential(score - highest), seen);
    workgroupBarrier();
    total *= shrink;
    for (var i = 0u; i < ${perThread}; i++) { acc[i] *= shrink; }
    let count = min(64u, to - s0);
    for (var j = 0u; j < count; j++) {
      let weight = scores[j];
      total += weight;
      if (weight != 0.0) {
        let at = tile(block(table + (s0 + j) / ${slotsPerBlock}u), p[1].x, kvHead) + ${tileWords}u;
        for (var i = 0u; i < ${perThread}u; i++) {
          let d = lane + i * 64u;
          if (d < ${headDim}u) { acc[i] += weight * number(at, (s0 + j) % ${slotsPerBlock}u, d); }
        }
      }
    }
  }
  ${
    split
      ? `let at = ((token * ${heads}u + head) * frame[3] + id.z) * ${partialSize(headDim)}u;
  if (lane == 0u) {
    partials[at] = most;
    partials[at + 1u] = total;
  }
  for (var i = 0u; i < ${perThread}u; i++) {
    let d = lane + i * 64u;
    if (d < ${headDim}u) { partials[at + 2u + d] = acc[i]; }
  }`
      : `for (var i = 0u; i < ${perThread}u; i++) {
    let d = lane + i * 64u;
    if (d < ${headDim}u) { arena[p[0].z + token * p[0].w + head * ${headDim}u + d] = select(acc[i] / total, 0.0, end == 0u); }
  }`
  }
}`;
  return { label: `attend ${cache.element}`, code, bindings: bindingsOf(names) };
}

const mergeBuffers = ['p', 'frame', 'arena', 'partials'] as const;

/** Merge the shares of a split attention. Same parameters as the attention. */
export function mergeKernel({ cache: { headDim }, heads, sees, maxTokens }: AttendShape): Kernel {
  const size = partialSize(headDim);
  const code = `${buffers(mergeBuffers)}
${frameAccess(maxTokens, 'tokens')}
${exponential}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id : vec3u, @builtin(local_invocation_index) lane : u32) {
  let shares = frame[3];
  let at = (id.y * ${heads}u + id.x) * shares * ${size}u;
  var most = -1e30;
  for (var i = 0u; i < shares; i++) { most = max(most, partials[at + i * ${size}u]); }
  var total = 0.0;
  for (var i = 0u; i < shares; i++) { total += partials[at + i * ${size}u + 1u] * exponential(partials[at + i * ${size}u] - most); }
  for (var d = lane; d < ${headDim}u; d += 64u) {
    var sum = 0.0;
    for (var i = 0u; i < shares; i++) { sum += partials[at + i * ${size}u + 2u + d] * exponential(partials[at + i * ${size}u] - most); }
    arena[p[0].z + id.y * p[0].w + id.x * ${headDim}u + d] = select(sum / total, 0.0, ${sees === 'source' ? 'sourceEnds(id.y) == 0u' : 'false'});
  }
}`;
  return { label: 'merge', code, bindings: bindingsOf(mergeBuffers) };
}
