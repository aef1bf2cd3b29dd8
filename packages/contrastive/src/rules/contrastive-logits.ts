import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { defineRule, strongest, thresholdOption } from '../define-rule.ts';
import { amongPlausible, weightedSum } from '../rule.ts';

const options = {
  /** How strongly the amateurs count against a token, from 0 to a million. Default 0.5. 0 turns it off. */
  beta: numberOption({
    min: 0,
    max: strongest,
    default: 0.5,
    off: 0,
    help: 'How strongly the amateurs count against a token',
  }),
  /** Plausibility threshold, from 0 to 1: keeps tokens with `p_expert >= alpha * max p_expert`. Default 0.1. 0 turns it off. */
  alpha: thresholdOption(),
};

/** Options of {@link contrastiveLogits}. */
export type ContrastiveLogitsOptions = OptionsOf<typeof options>;

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
export const contrastiveLogits = defineRule({
  name: 'contrastive-logits',
  summary: 'Contrastive decoding on logits: (1 + beta) * expert - beta * amateur',
  source: "O'Brien and Lewis 2023, arXiv:2309.09117",
  options,
  create: ({ beta, alpha }) => ({
    combine(expert, others) {
      const amateurs = weightedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, alpha, (id) => (1 + beta) * expert[id]! - beta * amateurs(id));
    },
  }),
});
