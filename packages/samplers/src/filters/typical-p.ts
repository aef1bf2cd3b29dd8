import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { exponential } from '@tokenwright/core/sampling';
import { prefixOf } from '../patterns/prefix.ts';
import { topLogit } from '../shared/row.ts';

export interface TypicalPOptions {
  /** Mass to keep, in (0, 1]. 1 is off. */
  readonly p: number;
  /**
   * With c the mass of all more typical tokens, a token stays when c < mass (`'below'`, Hugging Face) or c <= mass
   * (`'at-most'`, llama.cpp). Default `'below'`.
   */
  readonly border?: 'below' | 'at-most';
  /** Tokens as typical as the last one kept: all stay (`'keep-all'`, Hugging Face) or the lower ids (`'cut'`, llama.cpp). */
  readonly ties?: 'keep-all' | 'cut';
  /** Keep at least so many of the most typical. Default 1. */
  readonly minKeep?: number;
}

/**
 * Keep the tokens whose surprise is nearest to the expected one, until their mass is reached: order by |-ln(p_i) - H| with
 * H = -sum(p ln p), rising (Meister et al. 2022, "Locally Typical Sampling", arXiv:2202.00666).
 *
 * By design the most probable token can go. Removed tokens count as p ln p = 0. A row with NaN, with +Infinity or with
 * nothing left stays as it is.
 *
 * Example: probabilities [0.4, 0.2, 0.2, 0.2], H = 1.33, distances [0.42, 0.28, 0.28, 0.28], mass 0.5: keeps 1, 2 and 3.
 */
export function typicalP(options: TypicalPOptions): HostSampler {
  checkOptionNames('typicalP', options, ['p', 'border', 'ties', 'minKeep']);
  const mass = checkNumber('typicalP', 'p', options.p, 'a number in (0, 1]', (value) => value > 0 && value <= 1);
  const { border = 'below', ties = 'keep-all' } = options;
  if (border !== 'below' && border !== 'at-most')
    throw new ParameterError('typicalP', 'border', "'below' or 'at-most'", border);
  if (ties !== 'keep-all' && ties !== 'cut') throw new ParameterError('typicalP', 'ties', "'keep-all' or 'cut'", ties);
  const minKeep = checkInteger('typicalP', 'minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'typical-p',
    parameters: { p: mass, border, ties, minKeep },
    kind: 'filter',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (mass === 1) return;
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
      // Surprise and expected surprise both have ln(sum) on top of the distance, which cancels out.
      const expected = moment / sum;
      for (let i = 0; i < count; i++) keys[i] = Math.abs(keys[i]! - expected);
      const inclusive = border === 'at-most';
      let items = prefixOf(keys, weights, count, { mass: mass * sum, inclusive, ties: ties === 'keep-all' });
      if (items.length < minKeep)
        items = prefixOf(keys, weights, count, { mass: mass * sum, inclusive, minimum: minKeep });
      step.keep(
        logits,
        items.map((item) => ids[item]!),
      );
    },
  };
}
