import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { checkEndTokens, type EosTokenIdsOption } from '../shared/eos-token-ids.ts';

export interface MinNewTokensOptions extends EosTokenIdsOption {
  /** Tokens that the reply must have before it may end. 0 is off. */
  readonly count: number;
}

/**
 * Remove the end tokens while the reply has fewer than `count` tokens (Hugging Face `min_new_tokens`, vLLM `min_tokens`,
 * which covers the stop ids too: name them in `eosTokenIds`).
 */
export function minNewTokens(options: MinNewTokensOptions): HostSampler {
  checkOptionNames('minNewTokens', options, ['count', 'eosTokenIds']);
  const count = checkInteger('minNewTokens', 'count', options.count, 0);
  const ends = checkEndTokens('minNewTokens', options);
  return {
    name: 'min-new-tokens',
    parameters: { count, ...ends.parameters },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (step.position - step.promptLength < count) for (const id of ends.of(step)) logits[id] = -Infinity;
    },
  };
}
