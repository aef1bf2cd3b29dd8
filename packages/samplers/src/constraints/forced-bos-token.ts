import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { force, refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** The token to force. */
  token: integerOption({ min: 0, help: 'The token to force' }),
  /** Length of the text at which it is forced, prompt included. Default 1: right after a decoder's start token. */
  position: integerOption({ min: 0, default: 1, help: 'Length of the text at which it is forced' }),
};

export type ForcedBosTokenOptions = OptionsOf<typeof options>;

/**
 * Force one token at one position: it gets logit 0, all others are removed. It is forced even when an earlier stage removed
 * it. Translation models use it to select the language. An id outside the vocabulary is an error when the stage is applied.
 *
 * @see Hugging Face, `forced_bos_token_id`
 * @example
 * ```ts
 * forcedBosToken({ token: 250004 });
 * ```
 */
export const forcedBosToken = defineSampler({
  name: 'forced-bos-token',
  summary: 'Force one token at the beginning',
  source: 'Hugging Face, forced_bos_token_id',
  kind: 'constraint',
  options,
  create: ({ token, position }) => ({
    traits: { narrows: false },
    onHost(logits, step) {
      refuseOutside('forcedBosToken', 'token', [token], logits.length);
      if (step.position === position) force(logits, [token]);
    },
  }),
});
