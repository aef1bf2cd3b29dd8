import { defineSampler, type HostSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf, type OptionValues } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { massRounding } from '../shared/borders.ts';
import { minKeep } from '../shared/options.ts';
import { prefixOf } from '../shared/prefix.ts';
import { topLogit } from '../shared/row.ts';

const options = {
  /** Mass to keep, in (0, 1]. 1 is off. */
  p: numberOption({ above: 0, max: 1, off: 1, suggested: 0.95, help: 'Probability mass to keep' }),
  /** Keep at least this many of the most typical tokens. Default 1. */
  minKeep,
};

export type TypicalPOptions = OptionsOf<typeof options>;

/**
 * Keep the tokens whose surprise is nearest to the expected one, until their mass reaches p: order by |-ln(p_i) - H|,
 * where H = -sum(p ln p). With c the mass of all more typical tokens, a token stays when c < p. Tokens as typical as the
 * last one kept all stay. A mass within float32 rounding of p (2^-21) counts as p.
 *
 * By design it can remove the most probable token. Removed tokens count as p ln p = 0. A row with NaN, with +Infinity or
 * with nothing left stays as it is.
 *
 * Example: probabilities [0.4, 0.2, 0.2, 0.2], H = 1.33, distances [0.42, 0.28, 0.28, 0.28], p = 0.5: keeps 1, 2 and 3.
 *
 * @see Meister et al. 2022, "Locally Typical Sampling", arXiv:2202.00666
 * @example
 * ```ts
 * typicalP({ p: 0.95 });
 * ```
 */
export const typicalP = defineSampler({
  name: 'typical-p',
  summary: 'Keep the tokens whose surprise is nearest to the expected one, until their mass is P',
  source: 'Meister et al. 2022, arXiv:2202.00666; Hugging Face',
  kind: 'filter',
  options,
  create: (values) => typicalPForm(values),
});

/**
 * @param inclusive whether a token also stays when the mass before it is exactly p.
 * @param keepTies whether tokens as typical as the last one kept all stay; otherwise the lower ids.
 */
export function typicalPForm(
  { p, minKeep }: OptionValues<typeof options>,
  { inclusive = false, keepTies = true } = {},
): Omit<HostSampler, 'name'> {
  return {
    traits: { narrows: true },
    onHost(logits, step) {
      if (p === 1) return;
      const { candidates } = step;
      const top = topLogit(logits, candidates);
      if (!Number.isFinite(top)) return;
      const total = candidates?.length ?? logits.length;
      const ids = new Int32Array(total);
      const keys = new Float64Array(total);
      const weights = new Float64Array(total);
      let count = 0;
      let sum = 0;
      let moment = 0;
      for (let i = 0; i < total; i++) {
        const id = candidates === undefined ? i : candidates[i]!;
        if (logits[id] === -Infinity) continue;
        const distance = top - logits[id]!;
        const weight = exponential(-distance);
        sum += weight;
        moment += weight * distance;
        ids[count] = id;
        keys[count] = distance;
        weights[count++] = weight;
      }
      // Surprise and expected surprise both add ln(sum) to the distance, which cancels out.
      const expected = moment / sum;
      for (let i = 0; i < count; i++) keys[i] = Math.abs(keys[i]! - expected);
      const mass = (inclusive ? p + massRounding : p - massRounding) * sum;
      let items = prefixOf(keys, weights, count, { mass, ties: keepTies });
      if (items.length < minKeep) items = prefixOf(keys, weights, count, { mass, minimum: minKeep });
      step.keep(
        logits,
        items.map((item) => ids[item]!),
      );
    },
  };
}
