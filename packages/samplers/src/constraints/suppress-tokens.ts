import type { HostSampler } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { checkIds, refuseOutside } from '../shared/token-ids.ts';

export interface SuppressTokensOptions {
  /** Ids to remove. */
  readonly tokens: readonly number[];
}

/**
 * Remove the listed tokens at every step (Hugging Face `suppress_tokens`). An id outside the vocabulary is an error when the
 * stage is applied.
 */
export function suppressTokens(options: SuppressTokensOptions): HostSampler {
  checkOptionNames('suppressTokens', options, ['tokens']);
  const tokens = checkIds('suppressTokens', 'tokens', options.tokens, 0);
  return {
    name: 'suppress-tokens',
    parameters: { tokens },
    kind: 'constraint',
    traits: {
      keepsArgMax: tokens.length === 0,
      narrows: true,
    },
    onHost: (logits) => {
      refuseOutside('suppressTokens', 'tokens', tokens, logits.length);
      for (const id of tokens) logits[id] = -Infinity;
    },
  };
}
