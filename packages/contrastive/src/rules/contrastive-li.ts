import type { OptionsOf } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { defineRule, thresholdOption } from '../define-rule.ts';
import { amongPlausible, weightedSum } from '../rule.ts';

const options = {
  /** Plausibility threshold, from 0 to 1: keeps tokens with `p_expert >= alpha * max p_expert`. Default 0.1. 0 turns it off. */
  alpha: thresholdOption(),
};

/** Options of {@link contrastiveLi}. */
export type ContrastiveLiOptions = OptionsOf<typeof options>;

/**
 * Contrastive decoding of Li et al. 2022 (arXiv:2210.15097). For the tokens that the expert finds plausible:
 *
 *     score = ln p_expert - ln p_amateur
 *
 * With several amateurs, `ln p_amateur` is their weighted mean. The paper gives the amateur a temperature and a short context, and
 * uses 5 beams. `contrastiveLogits` is another method: it keeps part of the expert's own score.
 *
 * @throws ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const others = [{ model: amateur, temperature: 0.5, contextWindow: 1 }];
 * const contrasted = combine({ expert, others, rule: contrastiveLi({ alpha: 0.1 }) });
 * ```
 */
export const contrastiveLi = defineRule({
  name: 'contrastive-li',
  summary: 'Contrastive decoding on log-probabilities: expert - amateur',
  source: 'Li et al. 2022, arXiv:2210.15097',
  options,
  create: ({ alpha }) => ({
    combine(expert, others) {
      const own = logProbabilities(expert);
      const amateurs = weightedSum(others.map(({ logits, weight }) => ({ values: logProbabilities(logits), weight })));
      return amongPlausible(expert, alpha, (id) => own[id]! - amateurs(id));
    },
  }),
});
