import { header, key, logits, removed, threads } from './choose.ts';
import type { Kernel } from './kernel.ts';

/** The rule for the kept tokens: their number, their mass, or their minimum share of the largest probability. */
export type KeptBy = 'top' | 'mass' | 'share';

/** The number is a binding, so that another value needs no other pipeline. For a share it is the logarithm. */
const buffers = `${logits}
@group(0) @binding(1) var<storage, read> amount : array<f32>;
@group(0) @binding(2) var<storage, read_write> kept : array<u32>;`;

/** Remove the tokens of each row whose probability is below a share of the largest. */
function keepShareKernel(vocabSize: number): Kernel {
  const code = `${buffers}
${key}
var<workgroup> highestKey : atomic<u32>;
${header}
  let row = id.x * ${vocabSize}u;
  var most = 0u;
  for (var i = lane; i < ${vocabSize}u; i += ${threads}u) {
    let bits = logits[row + i];
    // NaN of either sign is ordered above everything.
    most = max(most, select(key(bits), 0xffffffffu, (bits & 0x7fffffffu) > 0x7f800000u));
  }
  atomicMax(&highestKey, most);
  workgroupBarrier();
  let highest = atomicLoad(&highestKey);
  let topBits = select(~highest, highest & 0x7fffffffu, (highest >> 31u) == 1u);
  // A row with NaN, with +Infinity or with nothing left is unchanged.
  let asIs = (topBits & 0x7f800000u) == 0x7f800000u;
  let top = bitcast<f32>(topBits);
  let border = top + amount[0];
  // Tokens on the border, up to float32 rounding, stay.
  let least = border - max(abs(top), abs(border)) * 2.384185791015625e-7;
  for (var i = lane; i < ${vocabSize}u; i += ${threads}u) {
    let bits = logits[row + i];
    let stays = asIs || (bits != ${removed} && bitcast<f32>(bits) >= least);
    kept[row + i] = select(${removed}, bits, stays);
  }
}`;
  return { label: 'keep share', code, bindings: ['read', 'read', 'write'] };
}

/**
 * Keep only the largest tokens of each row: a bitwise search for the highest value from which on the tokens weigh
 * enough. A token weighs 1 when keeping a number of them, otherwise exp(logit - largest). Of the tokens with exactly
 * that value, the lower ids are kept.
 */
export function keepKernel(vocabSize: number, by: KeptBy): Kernel {
  if (by === 'share') return keepShareKernel(vocabSize);
  const byMass = by === 'mass';
  const share = Math.ceil(vocabSize / threads);
  const weigh = `fn weight(bits : u32, top : f32) -> f32 {
  ${byMass ? `return select(exp(bitcast<f32>(bits) - top), 0.0, bits == ${removed});` : 'return 1.0;'}
}`;
  const code = `${buffers}
${key}
${weigh}
// -0 and 0 are equal.
fn rank(bits : u32) -> u32 { return key(select(bits, 0u, bits == 0x80000000u)); }
var<workgroup> broken : atomic<u32>;
var<workgroup> highestRank : atomic<u32>;
var<workgroup> sums : array<f32, ${threads}>;
var<workgroup> equals : array<u32, ${threads}>;
// The weight of all tokens from a rank on, added in the same order each time, so that a lower rank never weighs less.
fn weightFrom(lowest : u32, row : u32, lane : u32, top : f32) -> f32 {
  var own = 0.0;
  for (var i = lane; i < ${vocabSize}u; i += ${threads}u) {
    let bits = logits[row + i];
    own += select(0.0, weight(bits, top), rank(bits) >= lowest);
  }
  workgroupBarrier();
  sums[lane] = own;
  workgroupBarrier();
  var all = 0.0;
  for (var i = 0u; i < ${threads}u; i++) { all += sums[i]; }
  return all;
}
${header}
  let row = id.x * ${vocabSize}u;
  let begin = min(lane * ${share}u, ${vocabSize}u);
  let end = min(begin + ${share}u, ${vocabSize}u);
  var most = 0u;
  for (var i = begin; i < end; i++) {
    let bits = logits[row + i];
    // NaN of either sign, and +Infinity.
    if ((bits & 0x7fffffffu) > 0x7f800000u || bits == 0x7f800000u) { atomicOr(&broken, 1u); }
    most = max(most, rank(bits));
  }
  atomicMax(&highestRank, most);
  workgroupBarrier();
  let highest = atomicLoad(&highestRank);
  let top = bitcast<f32>(select(~highest, highest & 0x7fffffffu, (highest >> 31u) == 1u));
  let goal = amount[0]${byMass ? ' * weightFrom(0u, row, lane, top)' : ''};
  var threshold = 0u;
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = threshold | (0x80000000u >> bit);
    let enough = weightFrom(candidate, row, lane, top);
    if (enough >= goal && enough > 0.0) { threshold = candidate; }
  }
  let above = weightFrom(threshold + 1u, row, lane, top);
  var same = 0u;
  for (var i = begin; i < end; i++) { same += select(0u, 1u, rank(logits[row + i]) == threshold); }
  equals[lane] = same;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < lane; i++) { before += equals[i]; }
  let asIs = atomicLoad(&broken) == 1u;
  for (var i = begin; i < end; i++) {
    let bits = logits[row + i];
    var stays = rank(bits) > threshold;
    if (rank(bits) == threshold) {
      stays = above + f32(before) * weight(bits, top) < goal || (above == 0.0 && before == 0u);
      before++;
    }
    kept[row + i] = select(${removed}, bits, stays || asIs);
  }
}`;
  return { label: byMass ? 'keep mass' : 'keep largest', code, bindings: ['read', 'read', 'write'] };
}
