import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { defineRule, strongest } from '../define-rule.ts';
import { amongPlausible, weightedSum } from '../rule.ts';

const options = {
  /** How strongly to emphasize the context, from 0 to a million. 0 turns it off. The paper uses 0.5 for summaries and 1 for conflicting knowledge. */
  alpha: numberOption({
    min: 0,
    max: strongest,
    off: 0,
    suggested: 0.5,
    help: 'How strongly to emphasize the context',
  }),
};

/** Options of {@link contextAware}. */
export type ContextAwareOptions = OptionsOf<typeof options>;

/**
 * Context-aware decoding (Shi et al. 2023, arXiv:2305.14739): emphasize what the context adds.
 *
 *     score = (1 + alpha) * with context - alpha * without        (logits)
 *
 * The other source is the same model with the question alone as its prompt.
 *
 * @throws ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const others = [{ prompt: tokenizer.encode(question) }];
 * const faithful = combine({ expert: model, others, rule: contextAware({ alpha: 0.5 }) });
 * const prompt = tokenizer.encode(article + question);
 * ```
 */
export const contextAware = defineRule({
  name: 'context-aware',
  summary: 'Emphasize what the context adds: (1 + alpha) * with context - alpha * without',
  source: 'Shi et al. 2023, arXiv:2305.14739',
  options,
  create: ({ alpha }) => ({
    combine(expert, others) {
      const without = weightedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, 0, (id) => (1 + alpha) * expert[id]! - alpha * without(id));
    },
  }),
});
