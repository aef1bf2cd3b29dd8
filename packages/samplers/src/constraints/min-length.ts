import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { checkEndTokens, type EosTokenIdsOption } from '../shared/eos-token-ids.ts';

export interface MinLengthOptions extends EosTokenIdsOption {
  /** Tokens that the text must have before it may end, prompt included. 0 is off. */
  readonly length: number;
}

/** Remove the end tokens while the text, prompt included, has fewer than `length` tokens (Hugging Face `min_length`). */
export function minLength(options: MinLengthOptions): HostSampler {
  checkOptionNames('minLength', options, ['length', 'eosTokenIds']);
  const length = checkInteger('minLength', 'length', options.length, 0);
  const ends = checkEndTokens('minLength', options);
  return {
    name: 'min-length',
    parameters: { length, ...ends.parameters },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (step.position < length) for (const id of ends.of(step)) logits[id] = -Infinity;
    },
  };
}
