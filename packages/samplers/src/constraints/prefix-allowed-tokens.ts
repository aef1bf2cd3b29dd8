import { type MaskSampler, ParameterError, type RowStep } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { maskOf, refuseOutside } from '../shared/token-ids.ts';

export interface PrefixAllowedTokensOptions {
  /** The ids that may follow `tokens` (the whole text so far, prompt included; do not keep or write to it). */
  readonly allowed: (tokens: Int32Array, step: RowStep) => Iterable<number>;
}

/**
 * Remove all tokens but those that a function of the text allows (De Cao et al. 2020, "Autoregressive Entity Retrieval",
 * arXiv:2010.00904; Hugging Face `prefix_allowed_tokens_fn`). The function must depend on its arguments only, as beams,
 * drafts and rewinds call it in any order.
 *
 * It declares no parameters: a function cannot be written to JSON.
 *
 * An empty list is an error that says so, as in Hugging Face: a function that allows nothing is wrong. It can only narrow:
 * when all that it allows was removed before, the row is empty and the run says which stage emptied it.
 */
export function prefixAllowedTokens(options: PrefixAllowedTokensOptions): MaskSampler {
  checkOptionNames('prefixAllowedTokens', options, ['allowed']);
  const { allowed } = options;
  if (typeof allowed !== 'function')
    throw new ParameterError('prefixAllowedTokens', 'allowed', 'a function from tokens to token ids', allowed);
  return {
    name: 'prefix-allowed-tokens',
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    mask: (step) => {
      const ids = [...allowed(step.history.tokens, step)];
      const what = `what 'allowed' returns at position ${step.position}`;
      if (ids.length === 0)
        throw new ParameterError('prefixAllowedTokens', what, 'a list of at least one token id', ids);
      for (const id of ids)
        if (!Number.isInteger(id) || id < 0) throw new ParameterError('prefixAllowedTokens', what, 'token ids', id);
      refuseOutside('prefixAllowedTokens', what, ids, step.vocabSize);
      return maskOf(ids, step.vocabSize);
    },
  };
}
