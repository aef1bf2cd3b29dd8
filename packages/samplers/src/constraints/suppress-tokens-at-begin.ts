import { defineSampler, type HostSampler, type RowStep } from '@tokenwright/core';
import { integerOption, type OptionsOf, optional, tokensOption } from '@tokenwright/core/options';
import { refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** Ids to remove. Empty is off. */
  tokens: tokensOption({ off: [], help: 'Tokens to remove' }),
  /** Length of the text at which they are removed, prompt included. Default: the prompt's, so the first new token. */
  position: optional(
    integerOption({ min: 0, help: "Length of the text at which they are removed; without it, the prompt's" }),
  ),
};

export type SuppressTokensAtBeginOptions = OptionsOf<typeof options>;

/**
 * Remove the listed tokens from the choice of one token only: the first of the reply, or the one at `position`. An id
 * outside the vocabulary is an error when the stage is applied.
 *
 * @see Hugging Face, `begin_suppress_tokens`
 * @example
 * ```ts
 * suppressTokensAtBegin({ tokens: [220, 50256] });
 * ```
 */
export const suppressTokensAtBegin = defineSampler({
  name: 'suppress-tokens-at-begin',
  summary: 'Remove the listed tokens from the first choice',
  source: 'Hugging Face, begin_suppress_tokens',
  kind: 'constraint',
  options,
  create: ({ tokens, position }) => suppressTokensAt(tokens, ({ promptLength }) => position ?? promptLength),
});

/** @param positionOf the length of the text at which the tokens are removed. */
export function suppressTokensAt(
  tokens: readonly number[],
  positionOf: (step: RowStep) => number,
): Omit<HostSampler, 'name'> {
  return {
    traits: { keepsArgMax: tokens.length === 0, narrows: true },
    onHost(logits, step) {
      refuseOutside('suppressTokensAtBegin', 'tokens', tokens, logits.length);
      if (step.position === positionOf(step)) for (const id of tokens) logits[id] = -Infinity;
    },
  };
}
