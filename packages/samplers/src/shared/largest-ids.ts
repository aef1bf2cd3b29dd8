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

/** One pass over the row, with a heap of the best so far whose root is the weakest. */
function byHeap(logits: Float32Array, count: number, candidates: Int32Array | undefined): Int32Array | undefined {
  const total = candidates?.length ?? logits.length;
  const values = new Float64Array(count);
  const ids = new Int32Array(count);
  let size = 0;
  // A logit must exceed this to enter. Later ids lose ties, so "exceed" is right for ties too.
  let floor = -Infinity;
  let broken = false;

  const weaker = (a: number, b: number): boolean =>
    values[a]! < values[b]! || (values[a] === values[b] && ids[a]! > ids[b]!);
  const sink = (start: number): void => {
    let node = start;
    for (;;) {
      let child = 2 * node + 1;
      if (child >= size) return;
      if (child + 1 < size && weaker(child + 1, child)) child++;
      if (!weaker(child, node)) return;
      const value = values[node]!;
      const id = ids[node]!;
      values[node] = values[child]!;
      ids[node] = ids[child]!;
      values[child] = value;
      ids[child] = id;
      node = child;
    }
  };
  const offer = (id: number, logit: number): void => {
    if (logit <= floor) return;
    if (!(logit < Infinity)) {
      broken = true;
      return;
    }
    const place = size < count ? size++ : 0;
    values[place] = logit;
    ids[place] = id;
    if (size < count) return;
    if (floor === -Infinity) for (let node = (size >> 1) - 1; node >= 0; node--) sink(node);
    else sink(0);
    floor = values[0]!;
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
      if (a <= floor && b <= floor && c <= floor && d <= floor) continue;
      offer(id, a);
      offer(id + 1, b);
      offer(id + 2, c);
      offer(id + 3, d);
    }
    for (; id < total; id++) offer(id, logits[id]!);
  }
  return broken ? undefined : ids.subarray(0, size);
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
