import type { TokenControl } from '../control.ts';
import type { History } from '../history.ts';
import type { Random } from '../random.ts';
import type { RunState } from '../run-state.ts';

/** The place of a row of logits in a run: what its sampler steps are made from. */
export interface RowContext {
  readonly history: History;
  readonly sequence: number;
  readonly promptLength: number;
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
  readonly maxLength: number;
  readonly random: Random;
  readonly state: RunState;
  readonly source?: ArrayLike<number>;
  /** What the reader of the stream asked about this token. */
  readonly control?: TokenControl;
}
