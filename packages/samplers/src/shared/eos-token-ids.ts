import type { RowStep } from '@tokenwright/core';
import { checkIds } from './token-ids.ts';

/** The option of the stages that act on the end of a text. */
export interface EosTokenIdsOption {
  /** Ids that count as the end. Default: the run's end tokens. */
  readonly eosTokenIds?: readonly number[];
}

/** How a stage gets its end tokens, and what its parameters say of them. */
export interface EndTokens {
  of(step: RowStep): readonly number[];
  readonly parameters: { readonly eosTokenIds?: readonly number[] };
}

export function checkEndTokens(owner: string, { eosTokenIds }: EosTokenIdsOption): EndTokens {
  const own = eosTokenIds === undefined ? undefined : checkIds(owner, 'eosTokenIds', eosTokenIds, 0);
  return {
    of: (step) => (own ?? step.eosTokenIds).filter((id) => id < step.vocabSize),
    parameters: own === undefined ? {} : { eosTokenIds: own },
  };
}
