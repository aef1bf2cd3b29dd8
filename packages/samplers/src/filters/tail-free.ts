import { defineSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { massRounding } from '../shared/borders.ts';
import { fallingOrder } from '../shared/falling-order.ts';
import { largestIds } from '../shared/largest-ids.ts';
import { minKeep } from '../shared/options.ts';
import { sumOfWeights, topLogit } from '../shared/row.ts';

const options = {
  /** Share of the curvature to keep, in [0, 1]. 1 is off. */
  mass: numberOption({ min: 0, max: 1, off: 1, suggested: 0.95, help: 'Share of the curvature to keep' }),
  /** Keep at least this many of the most probable tokens. Default 1. */
  minKeep,
};

export type TailFreeOptions = OptionsOf<typeof options>;

/**
 * Cut where the curve of the sorted probabilities flattens: take the absolute second differences of the falling
 * probabilities, divided by their sum, and remove from the first position i >= minKeep at which their running sum exceeds
 * `mass`. When the sum is at most 1e-6, all positions count the same.
 *
 * On ties, the lower ids stay. Two tokens or fewer stay as they are, and so does a row with NaN or with +Infinity.
 *
 * Example: probabilities [0.5, 0.3, 0.15, 0.05], differences [0.2, 0.15, 0.1], second ones [0.05, 0.05], shares
 * [0.5, 0.5], mass 0.9: the sum exceeds 0.9 at position 1, so token 0 stays.
 *
 * @see Bricken 2019, "Tail Free Sampling"; llama.cpp until 2024
 * @example
 * ```ts
 * tailFree({ mass: 0.95 });
 * ```
 */
export const tailFree = defineSampler({
  name: 'tail-free',
  summary: 'Cut the tail where the curve of the sorted probabilities flattens',
  source: 'Bricken 2019; llama.cpp until 2024',
  kind: 'filter',
  options,
  create: ({ mass, minKeep }) => ({
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, step) {
      if (mass === 1) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const sum = sumOfWeights(logits, candidates, top);
      const total = candidates?.length ?? logits.length;
      // Look at a few of the largest first. The rest can add at most `unseen`; stop when that cannot move the cut.
      for (const size of [128, 2048]) {
        if (size >= total) break;
        const ids = largestIds(logits, size, candidates)!;
        const probabilities = fallingProbabilities(logits, fallingOrder(logits, ids), top, sum);
        const whole = ids.length < size;
        const unseen = whole ? 0 : 2 * probabilities.at(-2)!;
        const cut = cutAt(probabilities, mass, minKeep, 0);
        if (whole || (cut < probabilities.length && cut === cutAt(probabilities, mass, minKeep, unseen))) {
          if (cut < ids.length) step.keep(logits, largestIds(logits, cut, candidates)!);
          return;
        }
      }
      const order = fallingOrder(logits, candidates);
      const cut = cutAt(fallingProbabilities(logits, order, top, sum), mass, minKeep, 0);
      if (cut < order.length) step.keep(logits, order.subarray(0, cut));
    },
  }),
});

function fallingProbabilities(logits: Float32Array, order: Int32Array, top: number, sum: number): Float64Array {
  const probabilities = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) probabilities[i] = exponential(logits[order[i]!]! - top) / sum;
  return probabilities;
}

/** How many of the falling probabilities stay, if the second differences beyond them add `unseen`. All when there is no cut. */
function cutAt(probabilities: Float64Array, mass: number, minKeep: number, unseen: number): number {
  const count = Math.max(0, probabilities.length - 2);
  const bend = (i: number): number => Math.abs(probabilities[i]! - 2 * probabilities[i + 1]! + probabilities[i + 2]!);
  let sum = unseen;
  for (let i = 0; i < count; i++) sum += bend(i);
  const even = sum <= 1e-6;
  let running = 0;
  for (let i = 0; i < count; i++) {
    running += even ? 1 / count : bend(i) / sum;
    if (running > mass + massRounding && i >= minKeep) return i;
  }
  return probabilities.length;
}
