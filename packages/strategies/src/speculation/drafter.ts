import type { Json } from '@tokenwright/core';
import type { Row, Run } from '@tokenwright/core/strategy';

/** Guesses what comes next, for speculative decoding. It may be wrong; it should be quick. */
export interface Drafter {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters?: Json;
  /** Begin to guess for the rows of a run. */
  open(run: Run, rows: readonly Row[], options: DraftOptions): Drafting;
}

export interface DraftOptions {
  /** Stop after a token that the draft gives a smaller probability. */
  readonly confidence: number;
  /** Draw with the uniform numbers that the target draws with, so that the two agree as often as they can. */
  readonly sameDraws: boolean;
}

/** A drafter at work. Owned by the strategy, which disposes it. */
export interface Drafting {
  /** Up to `lengths[i]` tokens to follow each row. */
  propose(rows: readonly Row[], lengths: readonly number[]): Promise<readonly (readonly Draft[])[]>;
  /** Row i becomes what row rows[i] was; rows that ended are left out. */
  gather(rows: readonly number[]): void;
  dispose(): void;
}

/** A guessed token. */
export interface Draft {
  readonly id: number;
  /** What it was drawn from, [V]. Absent when it was not drawn: all probability is its own. */
  readonly probabilities?: Float64Array;
}
