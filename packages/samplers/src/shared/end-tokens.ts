import type { RowStep } from '@tokenwright/core';
import { checkIds } from './token-ids.ts';

/** The option of the stages that act on the end of a text. */
export interface EndTokensOption {
  /** Ids that count as the end. Default: the run's end tokens. */
  readonly endTokens?: readonly number[];
}

/** How a stage gets its end tokens, and what its parameters say of them. */
export interface EndTokens {
  of(step: RowStep): readonly number[];
  readonly parameters: { readonly endTokens?: readonly number[] };
}

export function checkEndTokens(owner: string, { endTokens }: EndTokensOption): EndTokens {
  const own = endTokens === undefined ? undefined : checkIds(owner, 'endTokens', endTokens, 0);
  return {
    of: (step) => (own ?? step.endTokens).filter((id) => id < step.vocabSize),
    parameters: own === undefined ? {} : { endTokens: own },
  };
}
