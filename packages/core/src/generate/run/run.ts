import type { PendingChoice } from '../../engine/engine.ts';
import { ShapeError } from '../../errors.ts';
import { advance } from '../../model/advance.ts';
import type { ForwardOptions, PendingStep } from '../../model/language-model.ts';
import { Scores } from '../../sampling/chain/scores.ts';
import type { History } from '../../sampling/history.ts';
import { finishedByCondition } from '../contract/finish.ts';
import { lastStates, statesAfter, windowOf } from '../contract/history-states.ts';
import { InterruptedError } from '../contract/interrupted-error.ts';
import type { ChosenToken, Decoding, Row, Run, Settled } from '../contract/strategy.ts';
import { RunParts } from './run-parts.ts';
import { EventLoopYielder } from './yield-to-event-loop.ts';

/** One call of `generate` while it decodes: feeds the model, accepts tokens, and releases everything at the end. */
export class GenerationRun extends RunParts implements Run {
  readonly #yielder: EventLoopYielder = new EventLoopYielder();
  #scores: Scores | undefined;
  /** The step that was begun from the last choice. */
  #pendingStep: PendingStep | undefined;

  /** `count` rows per prompt that is not full already. Each prompt is read once, and the result is shared. */
  async start(count: number = this.options.numReturnSequences): Promise<Row[]> {
    const rows = this.plan.prompts
      .map((history, promptIndex) => ({ promptIndex, sequence: 0, history }))
      .filter((row) => this.limits.full(row) === undefined);
    if (rows.length < this.plan.prompts.length) this.cache.gather(rows.map(({ promptIndex }) => promptIndex));
    if (count === 1) return rows;
    // All but the last token, which `advance` feeds.
    const starts = rows.map(({ history }) => (history.length > 1 ? this.#window(history).subarray(0, -1) : undefined));
    this.#notePrompts(rows);
    this.reuse.note(rows, starts, 0);
    if (starts.some((start) => start !== undefined))
      advance(this.model, this.cache.inner, this.cache.spread(starts), this.#chunks()).dispose();
    this.cache.gather(rows.flatMap((_, row) => new Array<number>(count).fill(row)));
    return rows.flatMap((row) => Array.from({ length: count }, (_, sequence) => ({ ...row, sequence })));
  }

  /** Feed the tokens that the cache lacks, and return the scores of the next token. */
  async advance(
    rows: readonly Row[],
    options: Pick<ForwardOptions, 'scored' | 'hidden' | 'earlyExits'> = {},
  ): Promise<Scores> {
    this.#scores?.dispose();
    this.#scores = undefined;
    await this.#yielder.yieldToEventLoop();
    if (rows.length !== this.cache.rows) throw new ShapeError('Rows to advance', [this.cache.rows], [rows.length]);
    if (this.options.cache === 'none') this.cache.truncate(rows.map(() => 0));
    const wanted = rows.map(({ history }) => this.#window(history));
    const { scored = 1 } = options;
    this.#notePrompts(rows);
    this.reuse.note(rows, wanted, scored);
    const result = advance(this.model, this.cache.inner, this.cache.spread(wanted), { ...this.#chunks(), ...options });
    const contexts = rows.flatMap((row, index) =>
      lastStates(row.history, Math.min(scored, wanted[index]!.length)).map((history) => this.contextOf(row, history)),
    );
    const { tensorBackend, readbackIsExpensive } = this.model;
    const onChoice = scored === 1 && this.#canStepAhead(rows) ? this.#stepAhead : undefined;
    this.#scores = new Scores(result, contexts, {
      tensorBackend,
      readbackIsExpensive,
      ...(onChoice && { onChoice }),
    });
    return this.#scores;
  }

  /** Append tokens to rows, report them, and end the rows that are complete. Returns the others. */
  async *accept(
    rows: readonly Row[],
    chosen: readonly number[] | readonly (readonly ChosenToken[])[],
    scores?: Scores,
  ): Decoding<Row[]> {
    const kept: number[] = [];
    const open: Row[] = [];
    for (const [index, row] of rows.entries()) {
      const sequence = this.emission.sequenceOf(row);
      const token = chosen[index]!;
      const tokens = typeof token === 'number' ? [await this.#choose(scores!, index, token)] : token;
      for (const next of tokens) {
        this.control.follow(next.history);
        const control = yield this.emission.token(sequence, next);
        const effect = control === undefined ? 'none' : this.control.apply(control, sequence, index);
        const grown = { ...row, history: sequence.history };
        const finish =
          control?.stop === true
            ? finishedByCondition
            : effect === 'rewound'
              ? this.limits.full(grown)
              : this.limits.finishOf(grown, sequence.text);
        if (finish !== undefined) yield this.emission.end(sequence, finish);
        if (finish !== undefined || effect !== 'none') break;
      }
      if (sequence.ended) continue;
      kept.push(index);
      open.push({ ...row, history: sequence.history });
    }
    if (kept.length < rows.length) this.cache.gather(kept);
    return open;
  }

  async #choose(scores: Scores, index: number, id: number): Promise<ChosenToken> {
    return { history: await scores.extend(index, id), details: await this.describe(scores, index, id) };
  }

  /** Report sequences that are complete. */
  async *settle(finished: readonly Settled[]): Decoding {
    for (const { row, finish, score, tokens } of finished) {
      const sequence = this.emission.sequenceOf(row);
      let stopped = false;
      for (const [i, history] of statesAfter(row.history, this.startLengths[row.promptIndex]!).entries()) {
        const details = tokens?.[i];
        const control = yield this.emission.token(sequence, details === undefined ? { history } : { history, details });
        stopped = control !== undefined && this.control.applyToComplete(control);
        if (stopped) break;
      }
      yield this.emission.end(sequence, stopped ? finishedByCondition : finish, stopped ? undefined : score);
    }
  }

  dispose(): void {
    this.leaveState();
    this.#scores?.dispose();
    this.#pendingStep?.cancel();
    this.cache.dispose();
  }

  /** Whether the next step may begin before the host knows the token: every row is in sight and not at its last token. */
  #canStepAhead(rows: readonly Row[]): boolean {
    return (
      this.model.stepAhead !== undefined &&
      this.options.cache !== 'none' &&
      rows.length === this.cache.inner.rows &&
      rows.every(({ history, promptIndex }) => history.length + 1 < this.maxLength(promptIndex))
    );
  }

  readonly #stepAhead = (choice: PendingChoice): void => {
    this.#pendingStep = this.model.stepAhead!(choice, this.cache.inner);
  };

  /** The tokens that the model sees. */
  #window(history: History): Int32Array {
    return windowOf(history, this.options.onContextFull === 'stop' ? Infinity : this.model.contextLength);
  }

  /** Tell the cache which tokens are the prompt's, as far as they are still in the window. */
  #notePrompts(rows: readonly Row[]): void {
    const { cache } = this;
    const lengths = rows.map(({ promptIndex, history }) =>
      Math.max(0, this.promptLengths[promptIndex]! - (history.length - this.#window(history).length)),
    );
    cache.inner.notePrompts?.(cache.spread(lengths));
  }

  #chunks(): { prefillChunkSize: number; between: () => void } {
    return {
      prefillChunkSize: this.options.prefillChunkSize,
      between: () => {
        const { interrupted } = this;
        if (interrupted !== undefined) throw new InterruptedError(interrupted);
      },
    };
  }
}
