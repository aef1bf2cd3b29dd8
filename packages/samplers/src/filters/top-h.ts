import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { exponential, topTokens } from '@tokenwright/core/sampling';
import { sumOfWeights, topLogit } from '../shared/row.ts';

export interface TopHOptions {
  /** Share of the entropy to keep, in (0, 1]. It is never fully off, for only `candidates` tokens can stay. */
  readonly entropyShare: number;
  /** How many of the largest logits are looked at; the others always go. Default 100, as in Hugging Face. */
  readonly candidates?: number;
}

/**
 * Keep the most probable tokens while their share of the entropy stays within h: with q the softmax of the largest
 * `candidates` logits alone, the prefix whose running sum of -q ln q is at most h * H(q). The first always stays
 * (Potraghloo et al. 2025, "Top-H Decoding", arXiv:2509.02510).
 *
 * At h = 1 rounding may lose the last token. A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function topH(options: TopHOptions): HostSampler {
  checkOptionNames('topH', options, ['entropyShare', 'candidates']);
  const h = checkNumber(
    'topH',
    'entropyShare',
    options.entropyShare,
    'a number in (0, 1]',
    (value) => value > 0 && value <= 1,
  );
  const candidates = checkInteger('topH', 'candidates', options.candidates ?? 100, 1);
  return {
    name: 'top-h',
    parameters: { entropyShare: h, candidates },
    kind: 'filter',
    traits: {
      keepsArgMax: true,
      narrows: true,
    },
    kernel: { reads: candidates },
    onHost: (logits, step) => {
      const top = topLogit(logits, step.candidates);
      if (!Number.isFinite(top)) return;
      const ids = topTokens(logits, candidates, step.candidates);
      const normalizer = top + Math.log(sumOfWeights(logits, ids, top));
      const shareOf = (id: number): number => exponential(logits[id]! - normalizer) * (normalizer - logits[id]!);
      const allowed = h * ids.reduce((sum, id) => sum + shareOf(id), 0);
      let sum = 0;
      let kept = 0;
      // A token whose probability is 0 in float64 would cost nothing, yet it has no share to be kept for.
      while (kept < ids.length && exponential(logits[ids[kept]!]! - normalizer) > 0) {
        sum += shareOf(ids[kept]!);
        if (sum > allowed) break;
        kept++;
      }
      step.keep(logits, ids.subarray(0, Math.max(1, kept)));
    },
  };
}
