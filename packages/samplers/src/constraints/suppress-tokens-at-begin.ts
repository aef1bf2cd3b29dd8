import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { checkIds, refuseOutside } from '../shared/token-ids.ts';

export interface SuppressTokensAtBeginOptions {
  /** Ids to remove. */
  readonly tokens: readonly number[];
  /** Length of the text at which they are removed, prompt included. Default: the prompt's, so the first new token. */
  readonly position?: number;
}

/**
 * Remove the listed tokens from the choice of one token only: the first of the reply, or the one at `position` (Hugging
 * Face `begin_suppress_tokens`). An id outside the vocabulary is an error when the stage is applied.
 */
export function suppressTokensAtBegin(options: SuppressTokensAtBeginOptions): HostSampler {
  checkOptionNames('suppressTokensAtBegin', options, ['tokens', 'position']);
  const tokens = checkIds('suppressTokensAtBegin', 'tokens', options.tokens, 0);
  const { position } = options;
  if (position !== undefined) checkInteger('suppressTokensAtBegin', 'position', position, 0);
  return {
    name: 'suppress-tokens-at-begin',
    parameters: { tokens, ...(position === undefined ? {} : { position }) },
    kind: 'constraint',
    traits: {
      keepsArgMax: tokens.length === 0,
      narrows: true,
    },
    onHost: (logits, step) => {
      refuseOutside('suppressTokensAtBegin', 'tokens', tokens, logits.length);
      if (step.position === (position ?? step.promptLength)) for (const id of tokens) logits[id] = -Infinity;
    },
  };
}
