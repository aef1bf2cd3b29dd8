import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf, optional } from '@tokenwright/core/options';
import { eosTokensOf } from '../shared/eos-token-ids.ts';
import { eosTokenIds } from '../shared/options.ts';
import { force } from '../shared/token-ids.ts';

const options = {
  /** Ids that count as the end. Default: the run's end tokens. */
  eosTokenIds,
  /** Largest number of tokens of the text, prompt included. Default: the run's limit. */
  maxLength: optional(integerOption({ min: 1, help: "Largest length of the text; without it, the run's limit" })),
};

export type ForcedEosTokenOptions = OptionsOf<typeof options>;

/**
 * Force the end when only one more token is allowed: at length maxLength - 1 the end tokens get logit 0 each, all others
 * are removed. Without an end token it does nothing. An end token is forced even when an earlier stage removed it.
 *
 * @see Hugging Face, `forced_eos_token_id`
 * @example
 * ```ts
 * forcedEosToken();
 * ```
 */
export const forcedEosToken = defineSampler({
  name: 'forced-eos-token',
  summary: 'Force an end token as the last token that the length allows',
  source: 'Hugging Face, forced_eos_token_id',
  kind: 'constraint',
  options,
  create: ({ eosTokenIds, maxLength }) => ({
    traits: { narrows: false },
    onHost(logits, step) {
      if (step.position !== (maxLength ?? step.maxLength) - 1) return;
      const ids = eosTokensOf(eosTokenIds, step);
      if (ids.length > 0) force(logits, ids);
    },
  }),
});
