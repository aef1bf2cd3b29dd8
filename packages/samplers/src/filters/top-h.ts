import { defineSampler } from '@tokenwright/core';
import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { exponential, topTokens } from '@tokenwright/core/sampling';
import { massRounding } from '../shared/borders.ts';
import { sumOfWeights, topLogit } from '../shared/row.ts';

const options = {
  /** Share of the entropy to keep, in (0, 1]. It is never fully off, because only `candidates` tokens can stay. */
  entropyShare: numberOption({ above: 0, max: 1, suggested: 0.4, help: 'Share of the entropy to keep' }),
  /** How many of the largest logits are considered; the others are always removed. Default 100, as in Hugging Face. */
  candidates: integerOption({ min: 1, default: 100, help: 'How many of the largest logits are considered' }),
};

export type TopHOptions = OptionsOf<typeof options>;

/**
 * Keep the most probable tokens while their share of the entropy is at most `entropyShare`.
 *
 * With q the softmax of the largest `candidates` logits alone, it keeps the prefix whose running sum of -q ln q is at most
 * entropyShare * H(q). The first token always stays. A sum within float32 rounding of the
 * bound counts as at the bound. A row with NaN, with +Infinity
 * or with nothing left stays as it is.
 *
 * @see Potraghloo et al. 2025, "Top-H Decoding", arXiv:2509.02510
 * @example
 * ```ts
 * topH({ entropyShare: 0.4 });
 * ```
 */
export const topH = defineSampler({
  name: 'top-h',
  summary: 'Keep the most probable tokens up to a share of the entropy',
  source: 'Potraghloo et al. 2025, arXiv:2509.02510; Hugging Face',
  kind: 'filter',
  options,
  create: ({ entropyShare, candidates }) => ({
    traits: { keepsArgMax: true, narrows: true },
    kernel: { reads: candidates },
    onHost(logits, step) {
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const ids = topTokens(logits, candidates, step.candidates);
      const normalizer = top + Math.log(sumOfWeights(logits, ids, top));
      const shareOf = (id: number): number => exponential(logits[id]! - normalizer) * (normalizer - logits[id]!);
      const allowed = (entropyShare + massRounding) * ids.reduce((sum, id) => sum + shareOf(id), 0);
      let sum = 0;
      let kept = 0;
      // A token whose probability is 0 in float64 would cost nothing, but it has no share of the entropy either.
      while (kept < ids.length && exponential(logits[ids[kept]!]! - normalizer) > 0) {
        sum += shareOf(ids[kept]!);
        if (sum > allowed) break;
        kept++;
      }
      step.keep(logits, ids.subarray(0, Math.max(1, kept)));
    },
  }),
});
