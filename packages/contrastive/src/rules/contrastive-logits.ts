import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { amongPlausible, checkedAlpha, type Rule, weighedSum } from '../rule.ts';

export interface ContrastiveLogitsOptions {
  /** How strongly the amateurs count against a token, at least 0. Default 0.5; 0 = the expert alone. */
  readonly beta?: number;
  /** Keep tokens with `p_expert >= alpha * max p_expert`. Default 0.1; 0 keeps all. */
  readonly alpha?: number;
}

/**
 * Contrastive decoding after O'Brien and Lewis 2023 (arXiv:2309.09117), as in x-transformers: among the tokens that the expert finds
 * plausible,
 *
 *     score = (1 + beta) * expert - beta * amateur        (logits)
 *
 * With several amateurs, `amateur` is their weighed mean, and the mask is the expert's alone. Without the mask it is
 * `classifierFreeGuidance` with scale 1 + beta.
 */
export function contrastiveLogits(options: ContrastiveLogitsOptions = {}): Rule {
  checkOptionNames('contrastiveLogits', options, ['beta', 'alpha']);
  const { beta = 0.5 } = options;
  checkNumber('contrastiveLogits', 'beta', beta, 'a number of at least 0', (value) => value >= 0);
  const alpha = checkedAlpha('contrastiveLogits', options.alpha ?? 0.1);
  return {
    name: 'contrastive-logits',
    parameters: { beta, alpha },
    combine(expert, others) {
      const amateurs = weighedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, alpha, (id) => (1 + beta) * expert[id]! - beta * amateurs(id));
    },
  };
}
