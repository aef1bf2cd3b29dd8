import type { RowStep } from '@tokenwright/core';

/** The end tokens of a step that are in the vocabulary: a stage's own, or the run's. */
export function eosTokensOf(own: readonly number[] | undefined, step: RowStep): readonly number[] {
  return (own ?? step.eosTokenIds).filter((id) => id < step.vocabSize);
}
