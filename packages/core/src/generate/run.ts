import { checkInteger, checkOptionNames } from '../check/check.ts';
import type { PendingChoice } from '../engine/engine.ts';
import { CacheError, ShapeError, UnsupportedError } from '../errors.ts';
import { advance, commonPrefix } from '../model/advance.ts';
import type { ForwardOptions, LanguageModel, PendingStep } from '../model/language-model.ts';
import type { RowContext } from '../sampling/chain.ts';
import { type TokenControl, TokenControls } from '../sampling/control.ts';
import type { History } from '../sampling/history.ts';
import { Random } from '../sampling/random.ts';
import { RunState } from '../sampling/run-state.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { Scores } from '../sampling/scores.ts';
import { chainKey, DecodingState } from './decoding-state.ts';
import type { Control, EndEvent, TokenDetails, TokenEvent } from './events.ts';
import { lastStates, statesAfter, windowOf } from './history-states.ts';
import { InterruptedError } from './interrupted-error.ts';
import { chainOf } from './option-stages.ts';
import type { OptionReport, ResolvedOptions } from './options.ts';
import { Output } from './output.ts';
import type { RunCache } from './run-cache.ts';
import { checkedPrompt, checkedState, checkIds, openCache, seedOf } from './run-setup.ts';
import type { EndReason } from './stop.ts';
import type { ChosenToken, Decoding, Row, Run, Settled } from './strategy.ts';
import { EventLoopYielder } from './yield-to-event-loop.ts';

/** One call of `generate`: owns the sequences on their way out, and whatever has to be released at the end. */
export class GenerationRun implements Run {
  readonly model: LanguageModel;
  readonly options: ResolvedOptions;
  readonly samplers: readonly Sampler[];
  readonly cache: RunCache;
  readonly promptLengths: readonly number[];
  readonly startLengths: readonly number[];
  readonly outputs: readonly Output[];
  readonly #prompts: readonly History[];
  /** How the text of each prompt's sequences stands before this call. */
  readonly #openings: readonly Output[];
  readonly #report: OptionReport;
  readonly #randoms: readonly Random[];
  readonly #memory: RunState;
  readonly #state: DecodingState | undefined;
  readonly #control: TokenControls = new TokenControls();
  readonly #cachedTokens: readonly number[];
  readonly #breather: EventLoopYielder = new EventLoopYielder();
  readonly #began: number = performance.now();
  #firstToken: number | undefined;
  /** The step that was begun from the last choice. */
  #pendingStep: PendingStep | undefined;
  #scores: Scores | undefined;

  constructor(
    model: LanguageModel,
    prompts: readonly ArrayLike<number>[] | DecodingState,
    options: ResolvedOptions,
    report: OptionReport,
  ) {
    this.model = model;
    this.options = options;
    this.#report = report;
    this.#state = prompts instanceof DecodingState ? prompts : undefined;
    const state = this.#state;
    if (state !== undefined && state.model !== model)
      throw new CacheError(`The state is of the model '${state.model.name}', not of '${model.name}'.`);
    this.#prompts =
      prompts instanceof DecodingState
        ? [checkedState(model, prompts, options)]
        : prompts.map((prompt, row) => checkedPrompt(model, prompt, row, options));
    checkIds(model, options, report);
    this.startLengths = this.#prompts.map(({ length }) => length);
    this.promptLengths = state === undefined ? this.startLengths : [state.promptLength];
    this.#randoms = this.#prompts.map((_, row) => new Random(seedOf(options.seed, row, this.#prompts.length)));
    this.samplers = chainOf(options, this.startLengths[0]! - this.promptLengths[0]!);
    const outputOf = (prompt: number, sequence: number): Output =>
      new Output(prompt, sequence, this.#prompts[prompt]!, options.tokenizer, options.stopStrings, state?.text);
    this.outputs = this.#prompts.flatMap((_, prompt) =>
      Array.from({ length: options.numReturnSequences }, (_, sequence) => outputOf(prompt, sequence)),
    );
    this.#openings = this.#prompts.map((_, prompt) => outputOf(prompt, 0));
    this.#memory = state?.memoryOf(this.samplers) ?? new RunState();
    this.cache = openCache(model, this.#prompts.length, state?.cache ?? options.cache);
    this.#cachedTokens = this.#prompts.map((prompt, row) => commonPrefix(prompt.tokens, this.cache.tokens(row)));
  }

  get interrupted(): 'abort' | 'time' | undefined {
    if (this.options.signal?.aborted === true) return 'abort';
    return performance.now() - this.#began > this.options.maxTime ? 'time' : undefined;
  }

  maxLength(prompt: number): number {
    const { maxNewTokens, maxLength } = this.options;
    return Math.min(this.startLengths[prompt]! + maxNewTokens, maxLength);
  }

  random(prompt: number): Random {
    return this.#randoms[prompt]!;
  }

  async start(count: number = this.options.numReturnSequences): Promise<Row[]> {
    const rows = this.#prompts
      .map((history, promptIndex) => ({ promptIndex, sequence: 0, history }))
      .filter(({ promptIndex }) => this.fullFromTheStart(promptIndex) === undefined);
    if (rows.length < this.#prompts.length) this.cache.gather(rows.map(({ promptIndex }) => promptIndex));
    if (count === 1) return rows;
    // Read each prompt once, all but its last token, and share the result.
    const starts = rows.map(({ history }) => (history.length > 1 ? this.#window(history).subarray(0, -1) : undefined));
    this.#notePrompts(rows);
    if (starts.some((start) => start !== undefined))
      advance(this.model, this.cache.inner, this.cache.spread(starts), this.#chunks()).dispose();
    this.cache.gather(rows.flatMap((_, i) => new Array<number>(count).fill(i)));
    return rows.flatMap((row) => Array.from({ length: count }, (_, sequence) => ({ ...row, sequence })));
  }

  async advance(
    rows: readonly Row[],
    options: Pick<ForwardOptions, 'scored' | 'hidden' | 'earlyExits'> = {},
  ): Promise<Scores> {
    this.#scores?.dispose();
    this.#scores = undefined;
    await this.#breather.yieldToEventLoop();
    if (rows.length !== this.cache.rows) throw new ShapeError('Rows to advance', [this.cache.rows], [rows.length]);
    if (this.options.cache === 'none') this.cache.truncate(rows.map(() => 0));
    const wanted = rows.map(({ history }) => this.#window(history));
    this.#notePrompts(rows);
    const result = advance(this.model, this.cache.inner, this.cache.spread(wanted), { ...this.#chunks(), ...options });
    const { scored = 1 } = options;
    const contexts = rows.flatMap((row, index) =>
      lastStates(row.history, Math.min(scored, wanted[index]!.length)).map((history) => this.contextOf(row, history)),
    );
    const ahead = scored === 1 && this.#mayStepAhead(rows);
    const { tensorBackend, readbackIsExpensive } = this.model;
    this.#scores = new Scores(result, contexts, {
      tensorBackend,
      readbackIsExpensive,
      ...(ahead && { onChoice: this.#stepAhead }),
    });
    return this.#scores;
  }

  /** Whether a step begun from a choice is likely to be used: no row is at its last token, and none is hidden. */
  #mayStepAhead(rows: readonly Row[]): boolean {
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

  contextOf(row: Row, history: History = row.history): RowContext {
    const { sources, vocabSize } = this.model;
    return {
      history,
      sequence: (this.#state?.sequence ?? 0) + row.sequence + ((row.beamIndex ?? 0) << 16),
      promptLength: this.promptLengths[row.promptIndex]!,
      vocabSize,
      eosTokenIds: this.options.eosTokenIds,
      maxLength: this.maxLength(row.promptIndex),
      random: this.random(row.promptIndex),
      state: this.#memory,
      ...this.#controlOf(history),
      ...(sources === undefined ? {} : { source: sources[Math.min(row.promptIndex, sources.length - 1)]! }),
    };
  }

  accept(rows: readonly Row[], ids: readonly number[], scores: Scores): Decoding<Row[]> {
    return this.#take(rows, async (index) => [
      {
        history: await scores.extend(index, ids[index]!),
        details: await this.describe(scores, index, ids[index]!),
      },
    ]);
  }

  append(rows: readonly Row[], tokens: readonly (readonly ChosenToken[])[]): Decoding<Row[]> {
    return this.#take(rows, async (index) => tokens[index]!);
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
    const output = this.#output(row);
    output.draftedTokens = (output.draftedTokens ?? 0) + drafted;
  }

  /** Emit the tokens that were chosen for each row, up to the one that ends it or that the reader's answer replaces. */
  async *#take(rows: readonly Row[], chosen: (index: number) => Promise<readonly ChosenToken[]>): Decoding<Row[]> {
    const kept: number[] = [];
    const next: Row[] = [];
    for (const [index, row] of rows.entries()) {
      const output = this.#output(row);
      let grown = row;
      for (const token of await chosen(index)) {
        const { history } = token;
        if (history.parent !== undefined) this.#control.pass(history.parent, history);
        const answer = yield* this.#emit(output, token);
        const course = answer === undefined ? 'on' : this.#steer(answer, output, index);
        grown = { ...row, history: output.history };
        const reason =
          answer?.stop === true
            ? 'predicate'
            : course === 'elsewhere'
              ? this.#full(grown)
              : this.#reason(grown, output.stopped, output.text);
        if (reason !== undefined) yield this.end(output, reason);
        if (reason !== undefined || course !== 'on') break;
      }
      if (output.ended) continue;
      kept.push(index);
      next.push(grown);
    }
    if (kept.length < rows.length) this.cache.gather(kept);
    return next;
  }

  /** Tell of one token more of a sequence; returns the reader's answer. */
  async *#emit(output: Output, { history, details, guessed }: ChosenToken): Decoding<Control | undefined> {
    const { eosTokenIds, tokenizer } = this.options;
    const id = history.at(-1)!;
    output.history = history;
    if (guessed === true) output.acceptedTokens++;
    this.#firstToken ??= performance.now();
    const text = output.push(id, eosTokenIds.includes(id));
    const { promptIndex: row, sequence } = output;
    const event: TokenEvent = { type: 'token', promptIndex: row, sequence, id, ...details };
    return yield tokenizer === undefined ? event : { ...event, text };
  }

  async *settle(finished: readonly Settled[]): Decoding {
    for (const { row, reason, score, tokens } of finished) {
      const output = this.#output(row);
      let stopped = false;
      for (const [i, history] of statesAfter(row.history, this.startLengths[row.promptIndex]!).entries()) {
        const details = tokens?.[i];
        const answer = yield* this.#emit(output, details === undefined ? { history } : { history, details });
        if (answer === undefined) continue;
        checkOptionNames('answer', answer, answerNames);
        const wish = answerNames.find((name) => name !== 'stop' && answer[name] !== undefined);
        if (wish !== undefined) this.#refuse(`the answer '${wish}' (the sequence is complete already)`);
        stopped = answer.stop === true;
        if (stopped) break;
      }
      yield stopped ? this.end(output, 'predicate') : this.end(output, reason, score);
    }
  }

  ended(row: Row): EndReason | undefined {
    const { stopStrings, stopWhen, tokenizer, eosTokenIds } = this.options;
    if (tokenizer === undefined || (stopStrings.length === 0 && stopWhen === undefined))
      return this.#reason(row, false, '');
    const ids = row.history.tokens.subarray(this.startLengths[row.promptIndex]!);
    const { stopped, text } = this.#openings[row.promptIndex]!.preview(ids, eosTokenIds);
    return this.#reason(row, stopped, text);
  }

  /** The end event of a sequence. */
  end(output: Output, reason: EndReason, score?: number): EndEvent {
    const { promptIndex, sequence, history } = output;
    const state = sequence === 0 ? this.#state : undefined;
    // A state that may go on keeps what is not yet printable; otherwise it is printed as it is.
    const goesOn = state !== undefined && reason !== 'end-token' && reason !== 'stop-string';
    state?.moveTo(history, goesOn ? output.suspend() : undefined);
    const tail = goesOn ? '' : output.flush();
    output.ended = true;
    const promptTokens = this.startLengths[promptIndex]!;
    const ids = Array.from(history.tokens.subarray(promptTokens));
    const now = performance.now();
    const firstToken = this.#firstToken ?? now;
    return {
      type: 'end',
      promptIndex,
      sequence,
      reason,
      ids,
      ...(this.options.tokenizer === undefined ? {} : { text: output.text, tail }),
      ...(score === undefined ? {} : { score }),
      usage: {
        promptTokens,
        cachedTokens: this.#cachedTokens[promptIndex]!,
        completionTokens: ids.length,
        ...(output.draftedTokens === undefined
          ? {}
          : { draftedTokens: output.draftedTokens, acceptedTokens: output.acceptedTokens }),
      },
      timing: {
        prefill: firstToken - this.#began,
        total: now - this.#began,
        perToken: ids.length > 1 ? (now - firstToken) / (ids.length - 1) : 0,
      },
      options: this.#report,
    };
  }

  /** Why not even one token may follow the prompt, if so. */
  fullFromTheStart(prompt: number): 'length' | 'context' | undefined {
    return this.#full({ promptIndex: prompt, history: this.#prompts[prompt]! });
  }

  dispose(): void {
    // A call that is left, or that fails, leaves the state after the last token that it told of.
    const [output] = this.outputs;
    if (output !== undefined && !output.ended) this.#state?.moveTo(output.history, output.suspend());
    this.#scores?.dispose();
    this.#pendingStep?.cancel();
    this.cache.dispose();
  }

  #output(row: Row): Output {
    return this.outputs[row.promptIndex * this.options.numReturnSequences + row.sequence]!;
  }

  #reason(row: Row, stopString: boolean, text: string): EndReason | undefined {
    const { eosTokenIds, stopWhen } = this.options;
    const { history, promptIndex, sequence } = row;
    const id = history.at(-1)!;
    const promptLength = this.promptLengths[promptIndex]!;
    const elapsed = performance.now() - this.#began;
    if (eosTokenIds.includes(id)) return 'end-token';
    if (stopString) return 'stop-string';
    if (stopWhen?.({ history, promptLength, id, text, promptIndex, sequence, elapsed }) === true) return 'predicate';
    return this.#full(row) ?? this.interrupted;
  }

  #full({ history, promptIndex }: Pick<Row, 'history' | 'promptIndex'>): 'length' | 'context' | undefined {
    if (history.length >= this.maxLength(promptIndex)) return 'length';
    if (this.options.onContextFull === 'stop' && history.length >= this.model.contextLength) return 'context';
    return undefined;
  }

  #controlOf(history: History): { control?: TokenControl } {
    const control = this.#control.at(history);
    return control === undefined ? {} : { control };
  }

  /**
   * Do what the reader asked. The sequence then goes `'elsewhere'` when tokens were taken back, `'anew'` when only what was chosen
   * after this token is void, or `'on'`.
   */
  #steer(answer: Control, output: Output, index: number): 'on' | 'anew' | 'elsewhere' {
    checkOptionNames('answer', answer, answerNames);
    const { rewind = 0, force = [], ban = [], fork } = answer;
    const { strategy } = this.options;
    if (force.length + ban.length > 0 && strategy !== undefined && strategy.supportsControl !== true)
      this.#refuse("a reader's force and ban");
    checkInteger('answer', 'rewind', rewind, 0, output.depth);
    for (const id of [...force, ...ban]) checkInteger('answer', 'force and ban', id, 0, this.model.vocabSize - 1);
    if (rewind > 0) output.rewind(rewind, output.history.ancestor(output.history.length - rewind)!);
    if (force.length + ban.length > 0)
      this.#control.set(output.history, {
        ...(force.length > 0 ? { force } : {}),
        ...(ban.length > 0 ? { ban } : {}),
      });
    fork?.(this.#forkAt(output, index));
    if (rewind > 0) return 'elsewhere';
    return force.length + ban.length > 0 ? 'anew' : 'on';
  }

  #refuse(feature: string): never {
    throw new UnsupportedError(feature, `The strategy '${this.options.strategy?.name ?? 'sampling'}'`);
  }

  #forkAt(output: Output, index: number): DecodingState {
    const cache = this.cache.fork();
    cache.gather([index]);
    return DecodingState.assemble({
      model: this.model,
      seed: this.random(output.promptIndex).seed,
      sequence: (this.#state?.sequence ?? 0) + output.sequence,
      promptLength: this.promptLengths[output.promptIndex]!,
      tokenizer: this.options.tokenizer,
      history: output.history,
      text: output.suspend(),
      cache,
      memories: new Map([[chainKey(this.samplers), this.#memory]]),
    });
  }

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
        if (this.interrupted !== undefined) throw new InterruptedError(this.interrupted);
      },
    };
  }
}

const answerNames = ['stop', 'rewind', 'force', 'ban', 'fork'] as const;
