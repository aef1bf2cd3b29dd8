import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { exponential, topTokens } from '@tokenwright/core/sampling';
import { prefixOf } from '../patterns/prefix.ts';
import { topLogit } from '../shared/row.ts';

export interface TopPOptions {
  /** Mass to keep, in [0, 1]. 1 is off; 0 keeps only `minKeep` tokens. */
  readonly p: number;
  /**
   * With c the mass of all more probable tokens, a token stays when c < p (`'below'`: Hugging Face, llama.cpp, vLLM) or
   * c <= p (`'at-most'`: x-transformers, one token more on exact equality). Default `'below'`.
   */
  readonly border?: 'below' | 'at-most';
  /** Keep at least so many of the most probable. Default 1. */
  readonly minKeep?: number;
}

/**
 * Keep the most probable tokens until their mass reaches p: the nucleus (Holtzman et al. 2019, "The Curious Case of Neural
 * Text Degeneration", arXiv:1904.09751). Of equally probable tokens the lower ids come first.
 *
 * Sums are float64 on the host and float32 where an engine selects, so tokens whose border lies within float32 rounding may differ from systems that sum in float32.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: four equal tokens, p = 0.5: 'below' keeps 0 and 1, 'at-most' keeps 0, 1 and 2.
 */
export function topP(options: TopPOptions): HostSampler {
  checkOptionNames('topP', options, ['p', 'border', 'minKeep']);
  const p = checkNumber('topP', 'p', options.p, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
  const { border = 'below' } = options;
  if (border !== 'below' && border !== 'at-most')
    throw new ParameterError('topP', 'border', "'below' or 'at-most'", border);
  const minKeep = checkInteger('topP', 'minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'top-p',
    parameters: { p, border, minKeep },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    ...(border === 'below' && minKeep === 1 ? { kernel: { keep: { mass: p } } } : {}),
    onHost: (logits, step) => {
      if (p === 1) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      // Weights relative to the top, not probabilities: equal tokens weigh exactly 1, so their borders are exact.
      const total = candidates?.length ?? logits.length;
      const weights = new Float64Array(total);
      let sum = 0;
      for (let i = 0; i < total; i++)
        sum += weights[i] = exponential(logits[candidates === undefined ? i : candidates[i]!]! - top);

      // The n tokens below probability (1 - p) / n together weigh less than 1 - p, so the nucleus is complete before them.
      const smallest = (((1 - p) * sum) / total) * (1 - 1e-9);
      const ids = new Int32Array(total);
      const keys = new Float64Array(total);
      let count = 0;
      for (let i = 0; i < total; i++) {
        const weight = weights[i]!;
        if (weight < smallest || weight === 0) continue;
        const id = candidates === undefined ? i : candidates[i]!;
        ids[count] = id;
        keys[count] = -logits[id]!;
        weights[count++] = weight;
      }
      const items = prefixOf(keys, weights, count, {
        mass: p * sum,
        inclusive: border === 'at-most',
        minimum: minKeep,
      });
      const kept = items.length < minKeep ? topTokens(logits, minKeep, candidates) : items.map((item) => ids[item]!);
      step.keep(logits, kept);
    },
  };
}
