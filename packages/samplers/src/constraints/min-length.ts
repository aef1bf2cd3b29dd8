import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { eosTokensOf } from '../shared/eos-token-ids.ts';
import { eosTokenIds } from '../shared/options.ts';

const options = {
  /** Tokens that the text must have before it may end, prompt included. 0 is off. */
  length: integerOption({
    min: 0,
    off: 0,
    suggested: 40,
    help: 'Tokens that the text must have before it may end, prompt included',
  }),
  /** Ids that count as the end. Default: the run's end tokens. */
  eosTokenIds,
};

export type MinLengthOptions = OptionsOf<typeof options>;

/**
 * Remove the end tokens while the text, prompt included, has fewer than `length` tokens.
 *
 * @see Hugging Face, `min_length`
 * @example
 * ```ts
 * minLength({ length: 50 });
 * ```
 */
export const minLength = defineSampler({
  name: 'min-length',
  summary: 'Remove the end tokens until the text has LENGTH tokens, prompt included',
  source: 'Hugging Face, min_length',
  kind: 'constraint',
  options,
  create: ({ length, eosTokenIds }) => ({
    traits: { narrows: true },
    onHost(logits, step) {
      if (step.position < length) for (const id of eosTokensOf(eosTokenIds, step)) logits[id] = -Infinity;
    },
  }),
});
