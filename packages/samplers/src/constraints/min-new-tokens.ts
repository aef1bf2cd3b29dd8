import { checkInteger, checkOptionNames, type HostSampler } from '@tokenwright/core';
import { checkEndTokens, type EndTokensOption } from '../shared/end-tokens.ts';

export interface MinNewTokensOptions extends EndTokensOption {
  /** Tokens that the reply must have before it may end. 0 is off. */
  readonly count: number;
}

/**
 * Remove the end tokens while the reply has fewer than `count` tokens (Hugging Face `min_new_tokens`, vLLM `min_tokens`,
 * which covers the stop ids too: name them in `endTokens`).
 */
export function minNewTokens(options: MinNewTokensOptions): HostSampler {
  checkOptionNames('minNewTokens', options, ['count', 'endTokens']);
  const count = checkInteger('minNewTokens', 'count', options.count, 0);
  const ends = checkEndTokens('minNewTokens', options);
  return {
    name: 'min-new-tokens',
    parameters: { count, ...ends.parameters },
    algebra: {
      domain: 'logits',
      shiftInvariant: true,
      scaleInvariant: true,
      keepsArgMax: false,
      narrows: true,
      removes: 'constraint',
      singleRow: true,
    },
    onHost: (logits, step) => {
      if (step.position - step.promptLength < count) for (const id of ends.of(step)) logits[id] = -Infinity;
    },
  };
}
