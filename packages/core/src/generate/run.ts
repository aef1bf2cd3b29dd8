import type { PendingChoice } from '../engine/engine.ts';
import { ParameterError, ShapeError } from '../errors.ts';
import { advance } from '../model/advance.ts';
import type { ForwardOptions, LanguageModel, PendingStep } from '../model/language-model.ts';
import type { RowContext } from '../sampling/chain.ts';
import type { History } from '../sampling/history.ts';
import type { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { Scores } from '../sampling/scores.ts';
import { Emission } from './emission.ts';
import type { TokenDetails } from './events.ts';
import { type Finish, finishedByCondition } from './finish.ts';
import { lastStates, statesAfter, windowOf } from './history-states.ts';
import { InterruptedError } from './interrupted-error.ts';
import { Limits } from './limits.ts';
import type { ResolvedOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { ReaderControl } from './reader-control.ts';
import { RunCache } from './run-cache.ts';
import type { SequenceText } from './sequence-text.ts';
import type { ChosenToken, Decoding, Row, Run, Settled } from './strategy.ts';
import { EventLoopYielder } from './yield-to-event-loop.ts';

/** One call of `generate` while it decodes: feeds the model, accepts tokens, and releases everything at the end. */
export class GenerationRun implements Run {
  readonly plan: Plan;
  readonly cache: RunCache;
  readonly limits: Limits;
  readonly emission: Emission;
  readonly #control: ReaderControl;
  readonly #memory: RunState;
  readonly #yielder: EventLoopYielder = new EventLoopYielder();
  #scores: Scores | undefined;
  /** The step that was begun from the last choice. */
  #pendingStep: PendingStep | undefined;

  constructor(plan: Plan) {
    const { model, options, prompts, samplers, state } = plan;
    this.plan = plan;
    this.#memory = state?.memoryOf(samplers) ?? new RunState();
    this.cache = RunCache.open(model, prompts.length, state?.cache ?? options.cache);
    this.limits = new Limits(plan);
    this.emission = new Emission(plan, this.cache, this.limits.began);
    this.#control = new ReaderControl(plan, this.cache, this.#memory);
  }

  get model(): LanguageModel {
    return this.plan.model;
  }

  get options(): ResolvedOptions {
    return this.plan.options;
  }

  get samplers(): readonly Sampler[] {
    return this.plan.samplers;
  }

  get promptLengths(): readonly number[] {
    return this.plan.promptLengths;
  }

  get startLengths(): readonly number[] {
    return this.plan.startLengths;
  }

  get interrupted(): 'abort' | 'timeout' | undefined {
    return this.limits.interrupted;
  }

  maxLength(promptIndex: number): number {
    return this.limits.maxLength(promptIndex);
  }

  random(promptIndex: number): Random {
    return this.plan.randoms[promptIndex]!;
  }

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
    this.#notePrompts(rows);
    const result = advance(this.model, this.cache.inner, this.cache.spread(wanted), { ...this.#chunks(), ...options });
    const { scored = 1 } = options;
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
        this.#control.follow(next.history);
        const control = yield this.emission.token(sequence, next);
        const effect = control === undefined ? 'none' : this.#control.apply(control, sequence, index);
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
        stopped = control !== undefined && this.#control.applyToComplete(control);
        if (stopped) break;
      }
      yield this.emission.end(sequence, stopped ? finishedByCondition : finish, stopped ? undefined : score);
    }
  }

  extend(row: Row, history: History): Row {
    if (!this.#stopsDependOnText) return { ...row, history };
    const id = history.at(-1)!;
    return { ...row, history, text: this.#textOf(row).push(id, this.options.eosTokenIds.includes(id)) };
  }

  finishOf(row: Row): Finish | undefined {
    return this.limits.finishOf(row, this.#stopsDependOnText ? this.#textOf(row) : undefined);
  }

  get #stopsDependOnText(): boolean {
    const { tokenizer, stopStrings, stopWhen } = this.options;
    return tokenizer !== undefined && (stopStrings.length > 0 || stopWhen !== undefined);
  }

  /** The text of a row. A row that was not made by `extend` is read from its start. */
  #textOf(row: Row): SequenceText {
    if (row.text !== undefined) return row.text;
    let text = this.emission.openingText(row.promptIndex);
    for (const id of row.history.tokens.subarray(this.startLengths[row.promptIndex]!))
      text = text.push(id, this.options.eosTokenIds.includes(id));
    return text;
  }

  contextOf(row: Row, history: History = row.history): RowContext {
    const { sources, vocabSize } = this.model;
    const control = this.#control.at(history);
    return {
      history,
      sequence: sequenceKey(this.plan.state?.sequence ?? 0, row),
      promptLength: this.promptLengths[row.promptIndex]!,
      vocabSize,
      eosTokenIds: this.options.eosTokenIds,
      maxLength: this.maxLength(row.promptIndex),
      random: this.random(row.promptIndex),
      state: this.#memory,
      ...(control === undefined ? {} : { control }),
      ...(sources === undefined ? {} : { source: sources[Math.min(row.promptIndex, sources.length - 1)]! }),
    };
  }

  async describe(scores: Scores, index: number, id: number, history?: History): Promise<TokenDetails> {
    const { logprobs, topLogprobs, logprobsOf, explain } = this.options;
    return {
      ...(logprobs || topLogprobs > 0 || logprobsOf.length > 0
        ? await scores.describe(index, id, { top: topLogprobs, ids: logprobsOf })
        : {}),
      ...(explain ? { explanation: await scores.explain(index, 10, history) } : {}),
    };
  }

  tally(row: Row, drafted: number): void {
    const sequence = this.emission.sequenceOf(row);
    sequence.draftedTokens = (sequence.draftedTokens ?? 0) + drafted;
  }

  dispose(): void {
    this.emission.leaveState();
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

/** Sequences and beams share the 32 bits that key their random numbers, 16 each. */
function sequenceKey(first: number, { sequence, beamIndex = 0 }: Row): number {
  const key = first + sequence;
  if (key > 0xffff) throw new ParameterError('generate', 'sequence', 'at most 65535', key);
  if (beamIndex > 0xffff) throw new ParameterError('generate', 'beamIndex', 'at most 65535', beamIndex);
  return key + beamIndex * 0x1_0000;
}
