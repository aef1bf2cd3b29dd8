import type { Choice, RunResult } from '../engine/engine.ts';

/** A step of one token a row that was begun before the host knew the tokens. */
export class StepAhead {
  readonly #choice: Choice;
  readonly #result: RunResult;

  /** @param result taken over. */
  constructor(choice: Choice, result: RunResult) {
    this.#choice = choice;
    this.#result = result;
  }

  /** The result, which then is the caller's, when the step was of exactly these tokens. */
  resultFor(tokens: readonly ArrayLike<number>[]): RunResult | undefined {
    const { ids } = this.#choice;
    const same = tokens.every((row, i) => row.length === 1 && row[0]! >= 0 && row[0] === ids?.[i]);
    return same ? this.#result : undefined;
  }

  dispose(): void {
    disposeResult(this.#result);
  }
}

export function disposeResult({ logits, hidden, earlyExits }: RunResult): void {
  logits.dispose();
  hidden?.dispose();
  for (const matrix of earlyExits?.values() ?? []) matrix.dispose();
}
