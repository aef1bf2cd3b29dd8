import { defineSampler } from '@tokenwright/core';
import { type OptionsOf, tokensOption } from '@tokenwright/core/options';
import { refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** Ids to remove. Empty is off. */
  tokens: tokensOption({ off: [], help: 'Tokens to remove' }),
};

export type SuppressTokensOptions = OptionsOf<typeof options>;

/**
 * Remove the listed tokens at every step. An id outside the vocabulary is an error when the stage is applied.
 *
 * @see Hugging Face, `suppress_tokens`
 * @example
 * ```ts
 * suppressTokens({ tokens: [50256] });
 * ```
 */
export const suppressTokens = defineSampler({
  name: 'suppress-tokens',
  summary: 'Remove the listed tokens',
  source: 'Hugging Face, suppress_tokens',
  kind: 'constraint',
  options,
  create: ({ tokens }) => ({
    traits: { keepsArgMax: tokens.length === 0, narrows: true },
    onHost(logits) {
      refuseOutside('suppressTokens', 'tokens', tokens, logits.length);
      for (const id of tokens) logits[id] = -Infinity;
    },
  }),
});
