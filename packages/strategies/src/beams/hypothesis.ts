import type { Finish, TokenDetails } from '@tokenwright/core';
import type { Row } from '@tokenwright/core/strategy';

/** One continuation that a search follows. */
export interface Hypothesis {
  readonly row: Row;
  /** Sum of the log-probabilities of its new tokens. */
  readonly score: number;
  /** The row of the cache, and of the scores, that it grew from. */
  readonly origin: number;
  readonly parent?: Hypothesis;
  readonly details?: TokenDetails;
  /** Sort key of stochastic searches. */
  readonly key?: number;
}

export interface Finished extends Hypothesis {
  readonly finish: Finish;
  /** The score divided by length ^ lengthPenalty. */
  readonly final: number;
  /** Whether it is what the caller asked for; see `BeamRules.fits`. */
  readonly fits: boolean;
}

/** What is known of each new token of a hypothesis, in order. */
export function detailsOf(hypothesis: Hypothesis): TokenDetails[] {
  const details: TokenDetails[] = [];
  for (let node: Hypothesis | undefined = hypothesis; node?.parent !== undefined; node = node.parent)
    details.push(node.details ?? {});
  return details.reverse();
}
