import { defineSampler } from '@tokenwright/core';
import { booleanOption, type OptionsOf, tokensOption } from '@tokenwright/core/options';
import { maskOf, refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** The only ids that can be sampled; at least one. */
  tokens: tokensOption({ least: 1, suggested: [1, 2, 3], help: 'The only tokens that can be sampled' }),
  /** Whether the run's end tokens are allowed too. Default false (vLLM `allowed_token_ids`). */
  eosTokenIds: booleanOption({ default: false, help: "Whether the run's end tokens are allowed too" }),
};

export type AllowedTokensOptions = OptionsOf<typeof options>;

/**
 * Remove all tokens except the listed ones, at every step. It is a mask, so an engine can apply it where the logits are. An
 * id outside the vocabulary is an error when the stage is applied.
 *
 * @see vLLM, `allowed_token_ids`
 * @example
 * ```ts
 * allowedTokens({ tokens: [17, 18, 19], eosTokenIds: true });
 * ```
 */
export const allowedTokens = defineSampler({
  name: 'allowed-tokens',
  summary: 'Remove all tokens except the listed ones',
  source: 'vLLM, allowed_token_ids',
  kind: 'constraint',
  options,
  create({ tokens, eosTokenIds }) {
    let last: { vocabSize: number; ends: readonly number[]; bits: Uint32Array } | undefined;
    return {
      traits: { narrows: true },
      mask(step) {
        // The mask of a run never changes, so it is made once.
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
  },
});
