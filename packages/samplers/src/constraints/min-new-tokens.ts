import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { eosTokensOf } from '../shared/eos-token-ids.ts';
import { eosTokenIds } from '../shared/options.ts';

const options = {
  /** Tokens that the reply must have before it may end. 0 is off. */
  count: integerOption({ min: 0, off: 0, suggested: 20, help: 'Tokens that the reply must have before it may end' }),
  /** Ids that count as the end. Default: the run's end tokens. */
  eosTokenIds,
};

export type MinNewTokensOptions = OptionsOf<typeof options>;

/**
 * Remove the end tokens while the reply has fewer than `count` tokens. vLLM's `min_tokens` covers the stop ids too: pass
 * them as `eosTokenIds`.
 *
 * @see Hugging Face, `min_new_tokens`; vLLM, `min_tokens`
 * @example
 * ```ts
 * minNewTokens({ count: 20 });
 * ```
 */
export const minNewTokens = defineSampler({
  name: 'min-new-tokens',
  summary: 'Remove the end tokens until the reply has COUNT tokens',
  source: 'Hugging Face, min_new_tokens; vLLM, min_tokens',
  kind: 'constraint',
  options,
  create: ({ count, eosTokenIds }) => ({
    traits: { narrows: true },
    onHost(logits, step) {
      if (step.position - step.promptLength < count)
        for (const id of eosTokensOf(eosTokenIds, step)) logits[id] = -Infinity;
    },
  }),
});
