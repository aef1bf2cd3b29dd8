import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { fallingOrder } from '../shared/falling-order.ts';
import { largestIds } from '../shared/largest-ids.ts';
import { sumOfWeights, topLogit } from '../shared/row.ts';

export interface TailFreeOptions {
  /** Share of the curvature to keep, in [0, 1]. 1 is off. */
  readonly mass: number;
  /** Keep at least so many of the most probable. Default 1. */
  readonly minKeep?: number;
}

/**
 * Cut where the sorted probabilities stop bending: with the absolute second differences of the falling probabilities,
 * divided by their sum, remove from the first position i >= minKeep at which their running sum exceeds z (Bricken 2019,
 * "Tail Free Sampling"; llama.cpp until 2024). When the sum is at most 1e-6, all positions count alike.
 *
 * Of equals the lower ids stay. Two tokens or fewer stay as they are, and so does a row with NaN or with +Infinity.
 *
 * Example: probabilities [0.5, 0.3, 0.15, 0.05], differences [0.2, 0.15, 0.1], second ones [0.05, 0.05], shares
 * [0.5, 0.5], z = 0.9: the sum exceeds 0.9 at position 1, so token 0 stays.
 */
export function tailFree(options: TailFreeOptions): HostSampler {
  checkOptionNames('tailFree', options, ['mass', 'minKeep']);
  const z = checkNumber('tailFree', 'mass', options.mass, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
  const minKeep = checkInteger('tailFree', 'minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'tail-free',
    parameters: { mass: z, minKeep },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (z === 1) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const sum = sumOfWeights(logits, candidates, top);
      const total = candidates?.length ?? logits.length;
      // Look at a few of the largest first. What lies beyond can add at most `unseen`; when that cannot move the cut, stop.
      for (const size of [128, 2048]) {
        if (size >= total) break;
        const ids = largestIds(logits, size, candidates)!;
        const probabilities = fallingProbabilities(logits, fallingOrder(logits, ids), top, sum);
        const whole = ids.length < size;
        const unseen = whole ? 0 : 2 * probabilities.at(-2)!;
        const cut = cutAt(probabilities, z, minKeep, 0);
        if (whole || (cut < probabilities.length && cut === cutAt(probabilities, z, minKeep, unseen))) {
          if (cut < ids.length) step.keep(logits, largestIds(logits, cut, candidates)!);
          return;
        }
      }
      const order = fallingOrder(logits, candidates);
      const cut = cutAt(fallingProbabilities(logits, order, top, sum), z, minKeep, 0);
      if (cut < order.length) step.keep(logits, order.subarray(0, cut));
    },
  };
}

function fallingProbabilities(logits: Float32Array, order: Int32Array, top: number, sum: number): Float64Array {
  const probabilities = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) probabilities[i] = exponential(logits[order[i]!]! - top) / sum;
  return probabilities;
}

/** How many of the falling probabilities stay, if the second differences beyond them add `unseen`. All when there is no cut. */
function cutAt(probabilities: Float64Array, z: number, minKeep: number, unseen: number): number {
  const count = Math.max(0, probabilities.length - 2);
  const bend = (i: number): number => Math.abs(probabilities[i]! - 2 * probabilities[i + 1]! + probabilities[i + 2]!);
  let sum = unseen;
  for (let i = 0; i < count; i++) sum += bend(i);
  const even = sum <= 1e-6;
  let running = 0;
  for (let i = 0; i < count; i++) {
    running += even ? 1 / count : bend(i) / sum;
    if (running > z && i >= minKeep) return i;
  }
  return probabilities.length;
}
