import { checkOptionNames } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { amongPlausible, checkedAlpha, type Rule, weighedSum } from '../rule.ts';

export interface ContrastiveLiOptions {
  /** Keep tokens with `p_expert >= alpha * max p_expert`. Default 0.1; 0 keeps all. */
  readonly alpha?: number;
}

/**
 * Contrastive decoding after Li et al. 2022 (arXiv:2210.15097): among the tokens that the expert finds plausible,
 *
 *     score = ln p_expert - ln p_amateur
 *
 * With several amateurs, `ln p_amateur` is their weighed mean. The paper gives the amateur a temperature and a short context, and
 * searches with 5 beams. It is not a case of `contrastiveLogits`, which keeps part of the expert's own score.
 */
export function contrastiveLi(options: ContrastiveLiOptions = {}): Rule {
  checkOptionNames('contrastiveLi', options, ['alpha']);
  const alpha = checkedAlpha('contrastiveLi', options.alpha ?? 0.1);
  return {
    name: 'contrastive-li',
    parameters: { alpha },
    combine(expert, others) {
      const own = logProbabilities(expert);
      const amateurs = weighedSum(others.map(({ logits, weight }) => ({ values: logProbabilities(logits), weight })));
      return amongPlausible(expert, alpha, (id) => own[id]! - amateurs(id));
    },
  };
}
