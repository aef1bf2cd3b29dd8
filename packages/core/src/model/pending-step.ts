import type { PendingChoice, RunResult } from '../engine/engine.ts';
import type { PendingStep } from './language-model.ts';

/**
 * A step of one token per row that was started from a choice on the device, before the host knew the tokens. The cache
 * whose store it extended keeps it until it is taken or cancelled, exactly once. The step owns its result until then.
 */
export class PendingModelStep implements PendingStep {
  readonly #choice: PendingChoice;
  readonly #rewind: () => void;
  #outcome: StepOutcome | undefined;
  #state: PendingStep['state'] = 'pending';

  /**
   * @param outcome the result, which belongs to the step from now on, or the error that running it threw.
   * @param rewind removes the step's slots from the store.
   */
  constructor(choice: PendingChoice, outcome: StepOutcome, rewind: () => void) {
    this.#choice = choice;
    this.#outcome = outcome;
    this.#rewind = rewind;
  }

  get state(): PendingStep['state'] {
    return this.#state;
  }

  /** Whether the step feeds exactly these tokens: one per row, all read from the choice. */
  feeds(tokens: readonly ArrayLike<number>[]): boolean {
    const { ids } = this.#choice;
    return tokens.every((row, i) => row.length === 1 && row[0]! >= 0 && row[0] === ids?.[i]);
  }

  /** The result, which belongs to the caller from now on; its slots stay in the store. Throws what running the step threw. */
  take(): RunResult {
    const outcome = this.#end('taken');
    if (outcome === undefined) throw new TypeError('A pending step can be taken once.');
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  }

  cancel(): void {
    const outcome = this.#end('cancelled');
    if (outcome === undefined) return;
    this.#rewind();
    if ('result' in outcome) disposeResult(outcome.result);
  }

  #end(state: 'taken' | 'cancelled'): StepOutcome | undefined {
    const outcome = this.#outcome;
    if (outcome !== undefined) this.#state = state;
    this.#outcome = undefined;
    return outcome;
  }
}

/** The outcome of running a step. */
export type StepOutcome = { readonly result: RunResult } | { readonly error: unknown };

export function disposeResult({ logits, hidden, earlyExits }: RunResult): void {
  logits.dispose();
  hidden?.dispose();
  for (const matrix of earlyExits?.values() ?? []) matrix.dispose();
}
