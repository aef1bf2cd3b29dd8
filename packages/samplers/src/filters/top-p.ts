import { defineSampler, type HostSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf, type OptionValues } from '@tokenwright/core/options';
import { exponential, topTokens } from '@tokenwright/core/sampling';
import { massRounding } from '../shared/borders.ts';
import { minKeep } from '../shared/options.ts';
import { prefixOf } from '../shared/prefix.ts';
import { topLogit } from '../shared/row.ts';

const options = {
  /** Mass to keep, in [0, 1]. 1 is off; 0 keeps only `minKeep` tokens. */
  p: numberOption({ min: 0, max: 1, off: 1, suggested: 0.95, help: 'Probability mass to keep' }),
  /** Keep at least this many of the most probable tokens. Default 1. */
  minKeep,
};

export type TopPOptions = OptionsOf<typeof options>;

/**
 * Keep the most probable tokens until their mass reaches p: nucleus sampling. With c the mass of all more probable tokens,
 * a token stays when c < p. On ties, the lower ids come first.
 *
 * A mass within float32 rounding of p (2^-21) counts as p. Sums are float64 on the host and float32 where an engine selects,
 * so a token that is about as far from the border may differ from systems that sum otherwise. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: four equal tokens, p = 0.5: keeps 0 and 1.
 *
 * @see Holtzman et al. 2019, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751
 * @example
 * ```ts
 * topP({ p: 0.95 });
 * ```
 */
export const topP = defineSampler({
  name: 'top-p',
  summary: 'Keep the most probable tokens until their mass is P (nucleus sampling)',
  source: 'Holtzman et al. 2019, arXiv:1904.09751',
  kind: 'filter',
  options,
  create: (values) => topPForm(values),
});

/** @param inclusive whether a token also stays when the mass before it is exactly p. */
export function topPForm({ p, minKeep }: OptionValues<typeof options>, inclusive = false): Omit<HostSampler, 'name'> {
  return {
    traits: { keepsArgMax: true, narrows: true },
    ...(!inclusive && minKeep === 1 ? { kernel: { keep: { mass: p === 1 ? 1 : Math.max(0, p - massRounding) } } } : {}),
    onHost(logits, step) {
      if (p === 1) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      // Weights relative to the top, not probabilities: tokens that tie with it weigh exactly 1, so their borders are exact.
      const total = candidates?.length ?? logits.length;
      const weights = new Float64Array(total);
      let sum = 0;
      for (let i = 0; i < total; i++)
        sum += weights[i] = exponential(logits[candidates === undefined ? i : candidates[i]!]! - top);

      // n tokens below probability (1 - mass) / n weigh less than 1 - mass together, so the nucleus is complete before them.
      const mass = inclusive ? p + massRounding : p - massRounding;
      const smallest = (((1 - mass) * sum) / total) * (1 - 1e-9);
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
      const items = prefixOf(keys, weights, count, { mass: mass * sum, minimum: minKeep });
      const kept = items.length < minKeep ? topTokens(logits, minKeep, candidates) : items.map((item) => ids[item]!);
      step.keep(logits, kept);
    },
  };
}
