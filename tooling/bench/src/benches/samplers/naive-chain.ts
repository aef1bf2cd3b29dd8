/**
 * The usual chain in its common form: each stage allocates new arrays over the whole vocabulary and sorts all of it where it needs
 * an order. This is the baseline for the samplers of this library.
 */
export interface NaiveSettings {
  readonly penalty: number;
  readonly k: number;
  readonly p: number;
  readonly temperature: number;
}

/** Repetition penalty, top-k, top-p, temperature and sampling: returns the chosen id. */
export function naiveChain(
  logits: Float32Array,
  history: Int32Array,
  uniform: number,
  { penalty, k, p, temperature }: NaiveSettings,
): number {
  const penalized = logits.slice();
  for (const id of new Set(history)) penalized[id]! *= penalized[id]! > 0 ? 1 / penalty : penalty;
  const best = sortEverything(penalized).ids;
  const topK = new Float32Array(logits.length).fill(-Infinity);
  for (const id of best.subarray(0, k)) topK[id] = penalized[id]!;
  const { ids, probabilities } = sortEverything(topK);
  const topP = new Float32Array(logits.length).fill(-Infinity);
  let mass = 0;
  for (let i = 0; i < ids.length && mass < p; i++) {
    topP[ids[i]!] = topK[ids[i]!]!;
    mass += probabilities[ids[i]!]!;
  }
  const final = softmax(topP.map((logit) => logit / temperature));
  let sum = 0;
  for (let id = 0; id < final.length; id++) {
    sum += final[id]!;
    if (sum > uniform) return id;
  }
  return ids[0]!;
}

/** Softmax of all logits, and all ids in descending order of logit. */
export function sortEverything(logits: Float32Array): {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
} {
  const ids = Int32Array.from(logits, (_, id) => id);
  ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
  return { ids, probabilities: softmax(logits) };
}

function softmax(logits: Float32Array): Float64Array {
  const top = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
