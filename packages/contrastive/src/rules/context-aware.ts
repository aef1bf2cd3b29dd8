import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { amongPlausible, type Rule, weighedSum } from '../rule.ts';

export interface ContextAwareOptions {
  /** How much the context is stressed, at least 0. 0 = off. */
  readonly a: number;
}

/**
 * Context-aware decoding (Shi et al. 2023, arXiv:2305.14739): stress what the context adds,
 *
 *     score = (1 + a) * with context - a * without        (logits)
 *
 * The other source is the same model with the question alone as its prompt.
 */
export function contextAware(options: ContextAwareOptions): Rule {
  checkOptionNames('contextAware', options, ['a']);
  const a = checkNumber('contextAware', 'a', options.a, 'a number of at least 0', (value) => value >= 0);
  return {
    name: 'context-aware',
    parameters: { a },
    combine(expert, others) {
      const without = weighedSum(others.map(({ logits, weight }) => ({ values: logits, weight })));
      return amongPlausible(expert, 0, (id) => (1 + a) * expert[id]! - a * without(id));
    },
  };
}
