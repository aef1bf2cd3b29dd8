import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { amongPlausible, type Rule, weightedSum } from '../rule.ts';

/** Options of {@link contextAware}. */
export interface ContextAwareOptions {
  /** How strongly to emphasize the context, at least 0. 0 turns it off. The paper uses 0.5 for summaries and 1 for conflicting knowledge. */
  readonly alpha: number;
}

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
export function contextAware(options: ContextAwareOptions): Rule {
  checkOptionNames('contextAware', options, ['alpha']);
  const alpha = checkNumber('contextAware', 'alpha', options.alpha, 'a number of at least 0', (value) => value >= 0);
  return {
    name: 'context-aware',
    parameters: { alpha },
    combine(expert, others) {
      const without = weightedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, 0, (id) => (1 + alpha) * expert[id]! - alpha * without(id));
    },
  };
}
