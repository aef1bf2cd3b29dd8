import type { TokenEdits } from '@tokenwright/core/engine';
import { checkInteger } from '@tokenwright/core/options';
import { logits } from './choose.ts';
import type { Kernel } from './kernel.ts';

/** Infinities and NaN keep their bits, because WGSL does not specify their arithmetic. */
const special = 'fn special(bits : u32) -> bool { return (bits & 0x7f800000u) == 0x7f800000u; }';

/** Divide every logit by a number. The number is a binding, so that another value needs no other pipeline. */
export function divideKernel(vocabSize: number): Kernel {
  return {
    label: 'divide',
    bindings: ['read', 'read', 'write'],
    code: `${logits}
@group(0) @binding(1) var<storage, read> by : array<f32>;
@group(0) @binding(2) var<storage, read_write> edited : array<u32>;
${special}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x >= ${vocabSize}u) { return; }
  let at = id.y * ${vocabSize}u + id.x;
  let bits = logits[at];
  edited[at] = select(bitcast<u32>(bitcast<f32>(bits) / by[0]), bits, special(bits));
}`,
  };
}

/** Words per edited token: its index among all logits, the factor and the amount. */
const tokenEditWords = 3;

/** Edit the listed logits in place, in the format of `editsOfTokens`. */
export const tokensKernel: Kernel = {
  label: 'edit tokens',
  bindings: ['read', 'write'],
  code: `@group(0) @binding(0) var<storage, read> edits : array<u32>;
@group(0) @binding(1) var<storage, read_write> edited : array<u32>;
${special}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x >= edits[0]) { return; }
  let own = 1u + id.x * ${tokenEditWords}u;
  let bits = edited[edits[own]];
  if (special(bits)) { return; }
  let logit = bitcast<f32>(bits);
  let factor = bitcast<f32>(edits[own + 1u]);
  let changed = select(logit / factor, logit * factor, logit < 0.0);
  edited[edits[own]] = bitcast<u32>(changed - bitcast<f32>(edits[own + 2u]));
}`,
};

/** The number of edited tokens in all rows, then the edit of each. */
export function editsOfTokens(rows: readonly TokenEdits[], columns: number): Uint32Array<ArrayBuffer> {
  const count = rows.reduce((sum, { ids }) => sum + ids.length, 0);
  const words = new Uint32Array(1 + count * tokenEditWords);
  const floats = new Float32Array(words.buffer);
  words[0] = count;
  let at = 1;
  for (const [row, { ids, factor, amounts }] of rows.entries())
    for (const [i, id] of ids.entries()) {
      words[at] = row * columns + checkInteger('edit', 'ids', id, 0, columns - 1);
      floats[at + 1] = factor;
      floats[at + 2] = amounts?.[i] ?? 0;
      at += tokenEditWords;
    }
  return words;
}
