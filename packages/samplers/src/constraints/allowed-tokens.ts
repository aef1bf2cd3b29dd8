import type { MaskSampler } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { checkIds, maskOf, refuseOutside } from '../shared/token-ids.ts';

export interface AllowedTokensOptions {
  /** The only ids that may be drawn; at least one. */
  readonly tokens: readonly number[];
  /** Whether the run's end tokens may be drawn too. Default false (vLLM `allowed_token_ids`). */
  readonly eosTokenIds?: boolean;
}

/**
 * Remove all tokens but the listed ones, at every step. A mask: an engine may apply it where the logits are. An id outside
 * the vocabulary is an error when the stage is applied.
 */
export function allowedTokens(options: AllowedTokensOptions): MaskSampler {
  checkOptionNames('allowedTokens', options, ['tokens', 'eosTokenIds']);
  const tokens = checkIds('allowedTokens', 'tokens', options.tokens);
  const eosTokenIds = options.eosTokenIds ?? false;
  let last: { vocabSize: number; ends: readonly number[]; bits: Uint32Array } | undefined;
  return {
    name: 'allowed-tokens',
    parameters: { tokens, eosTokenIds },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    mask: (step) => {
      // The mask of a run is always the same: it is made once.
      if (last?.vocabSize !== step.vocabSize || (eosTokenIds && last.ends !== step.eosTokenIds)) {
        refuseOutside('allowedTokens', 'tokens', tokens, step.vocabSize);
        const ends = eosTokenIds ? step.eosTokenIds : [];
        last = {
          vocabSize: step.vocabSize,
          ends: step.eosTokenIds,
          bits: maskOf([...tokens, ...ends.filter((id) => id < step.vocabSize)], step.vocabSize),
        };
      }
      return last.bits;
    },
  };
}
