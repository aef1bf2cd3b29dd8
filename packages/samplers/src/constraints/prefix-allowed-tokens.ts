import { defineSampler, ParameterError, type RowStep } from '@tokenwright/core';
import { customOption, type OptionsOf } from '@tokenwright/core/options';
import { maskOf, refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** The ids that may follow `tokens` (the whole text so far, prompt included; do not keep or change it). */
  allowed: customOption<(tokens: Int32Array, step: RowStep) => Iterable<number>>({
    kind: 'code',
    help: 'A function from the tokens so far to the ids that may follow',
    allowed: 'a function from tokens to token ids',
    check(owner, name, value) {
      if (typeof value !== 'function')
        throw new ParameterError(owner, name, 'a function from tokens to token ids', value);
      return value as (tokens: Int32Array, step: RowStep) => Iterable<number>;
    },
  }),
};

export type PrefixAllowedTokensOptions = OptionsOf<typeof options>;

/**
 * Remove all tokens except those that a function of the text allows. The function must depend on its arguments only,
 * because beams, drafts and rewinds call it in any order.
 *
 * It has no `parameters`, because a function cannot be written as JSON. An empty list is an error that says so, as in
 * Hugging Face. The stage only narrows: when an earlier stage removed all allowed tokens, the row is empty and the run
 * reports which stage emptied it.
 *
 * @see De Cao et al. 2020, "Autoregressive Entity Retrieval", arXiv:2010.00904; Hugging Face, `prefix_allowed_tokens_fn`
 * @example
 * ```ts
 * prefixAllowedTokens({ allowed: (tokens) => (tokens.at(-1) === 5 ? [6, 7] : [5]) });
 * ```
 */
export const prefixAllowedTokens = defineSampler({
  name: 'prefix-allowed-tokens',
  summary: 'Remove all tokens except those that a function of the text allows',
  source: 'De Cao et al. 2020, arXiv:2010.00904; Hugging Face, prefix_allowed_tokens_fn',
  kind: 'constraint',
  options,
  create: ({ allowed }) => ({
    traits: { narrows: true },
    mask: (step) => maskOf(allowedIds(allowed, step), step.vocabSize),
  }),
});

type AllowedFunction = (tokens: Int32Array, step: RowStep) => Iterable<number>;

/** What the function allows now, checked. */
export function allowedIds(allowed: AllowedFunction, step: RowStep): readonly number[] {
  const what = `allowed(tokens) at position ${step.position}`;
  const ids = listOf(what, allowed(step.history.tokens, step));
  if (ids.length === 0) throw new ParameterError('prefixAllowedTokens', what, 'a list of at least one token id', ids);
  for (const id of ids)
    if (!Number.isInteger(id) || id < 0) throw new ParameterError('prefixAllowedTokens', what, 'token ids', id);
  refuseOutside('prefixAllowedTokens', what, ids, step.vocabSize);
  return ids;
}

/** More ids than any vocabulary has: an iterable that gives more has no end. */
const mostIds = 2 ** 24;

/** The ids that a caller's function gave; a promise, for example, gives none. */
function listOf(what: string, result: unknown): readonly number[] {
  const isIterable = typeof result === 'object' && result !== null && Symbol.iterator in result;
  if (!isIterable) throw new ParameterError('prefixAllowedTokens', what, 'a list of at least one token id', result);
  const ids: number[] = [];
  for (const id of result as Iterable<number>) {
    if (ids.length === mostIds)
      throw new ParameterError('prefixAllowedTokens', what, `at most ${mostIds} token ids`, result);
    ids.push(id);
  }
  return ids;
}
