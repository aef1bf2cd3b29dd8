import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { amongPlausible, checkedThreshold, type Rule, weightedSum } from '../rule.ts';

/** Options of {@link contrastiveLogits}. */
export interface ContrastiveLogitsOptions {
  /** How strongly the amateurs count against a token, at least 0. Default 0.5. 0 turns it off. */
  readonly beta?: number;
  /** Plausibility threshold, from 0 to 1: keeps tokens with `p_expert >= alpha * max p_expert`. Default 0.1. 0 turns it off. */
  readonly alpha?: number;
}

/**
 * Contrastive decoding of O'Brien and Lewis 2023 (arXiv:2309.09117), as in x-transformers. For the tokens that the expert finds
 * plausible:
 *
 *     score = (1 + beta) * expert - beta * amateur        (logits)
 *
 * With several amateurs, `amateur` is their weighted mean. Only the expert decides what is plausible. With alpha 0, it equals
 * `classifierFreeGuidance` with guidanceScale 1 + beta.
 *
 * @throws ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const contrasted = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits({ beta: 0.5, alpha: 0.1 }) });
 * ```
 */
export function contrastiveLogits(options: ContrastiveLogitsOptions = {}): Rule {
  checkOptionNames('contrastiveLogits', options, ['beta', 'alpha']);
  const { beta = 0.5 } = options;
  checkNumber('contrastiveLogits', 'beta', beta, 'a number of at least 0', (value) => value >= 0);
  const alpha = checkedThreshold('contrastiveLogits', 'alpha', options.alpha ?? 0.1);
  return {
    name: 'contrastive-logits',
    parameters: { beta, alpha },
    combine(expert, others) {
      const amateurs = weightedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, alpha, (id) => (1 + beta) * expert[id]! - beta * amateurs(id));
    },
  };
}
