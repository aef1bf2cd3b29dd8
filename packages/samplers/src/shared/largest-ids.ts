import { LargestIds } from '@tokenwright/core/sampling';
import { prefixOf } from './prefix.ts';

/**
 * Ids of the `count` largest logits, in no particular order; on ties, the lower ids. Removed tokens are left out.
 * `undefined` for a row that holds NaN or +Infinity.
 */
export function largestIds(
  logits: Float32Array,
  count: number,
  candidates: Int32Array | undefined,
): Int32Array | undefined {
  // A small heap is faster; for a large one the logarithm costs more than the passes of a selection.
  return count <= 512 ? byHeap(logits, count, candidates) : bySelection(logits, count, candidates);
}

/** One pass over the row. */
function byHeap(logits: Float32Array, count: number, candidates: Int32Array | undefined): Int32Array | undefined {
  const total = candidates?.length ?? logits.length;
  const heap = new LargestIds(count);
  let broken = false;
  // Candidates ascend, so a later id loses a tie with the floor.
  const offer = (id: number, logit: number): void => {
    if (logit <= heap.floor) return;
    if (logit < Infinity) heap.offer(id, logit);
    else broken = true;
  };

  if (candidates !== undefined) {
    for (let i = 0; i < total; i++) offer(candidates[i]!, logits[candidates[i]!]!);
  } else {
    // Four at a time: almost always none of them enters, and one branch decides that. NaN fails every comparison.
    let id = 0;
    for (; id + 3 < total; id += 4) {
      const a = logits[id]!;
      const b = logits[id + 1]!;
      const c = logits[id + 2]!;
      const d = logits[id + 3]!;
      const { floor } = heap;
      if (a <= floor && b <= floor && c <= floor && d <= floor) continue;
      offer(id, a);
      offer(id + 1, b);
      offer(id + 2, c);
      offer(id + 3, d);
    }
    for (; id < total; id++) offer(id, logits[id]!);
  }
  return broken ? undefined : heap.ids;
}

function bySelection(logits: Float32Array, count: number, candidates: Int32Array | undefined): Int32Array | undefined {
  const total = candidates?.length ?? logits.length;
  const ids = new Int32Array(total);
  const keys = new Float64Array(total);
  let size = 0;
  for (let i = 0; i < total; i++) {
    const id = candidates === undefined ? i : candidates[i]!;
    const logit = logits[id]!;
    if (logit === -Infinity) continue;
    if (!(logit < Infinity)) return undefined;
    keys[size] = -logit;
    ids[size++] = id;
  }
  return prefixOf(keys, keys, size, { mass: -Infinity, minimum: count }).map((item) => ids[item]!);
}
