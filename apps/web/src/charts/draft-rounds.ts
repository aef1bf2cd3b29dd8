import type { DraftRound } from '../protocol.ts';

/** A round of speculative decoding, with what came of it. */
export interface Round {
  /** Index of its first token in the text. */
  readonly from: number;
  readonly drafted: readonly number[];
  readonly accepted: number;
  /** The model's own token after the accepted ones; absent when the text ended before it. */
  readonly own: number | undefined;
}

/** Line the rounds up with the tokens that were written. */
export function draftRounds(steps: readonly DraftRound[], ids: readonly number[]): Round[] {
  let from = 0;
  return steps.map(({ drafted, accepted }) => {
    const round = { from, drafted, accepted, own: ids[from + accepted] };
    from += accepted + 1;
    return round;
  });
}

/** Sums over rounds. */
export function draftSummary(rounds: readonly Round[]): { drafted: number; accepted: number; perPass: number } {
  let drafted = 0;
  let accepted = 0;
  let written = 0;
  for (const round of rounds) {
    drafted += round.drafted.length;
    accepted += round.accepted;
    written += round.accepted + (round.own === undefined ? 0 : 1);
  }
  return { drafted, accepted, perPass: rounds.length === 0 ? 0 : written / rounds.length };
}
