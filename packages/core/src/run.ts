import { advance, commonPrefix } from './advance.ts';
import { Breather } from './breathe.ts';
import { chainKey, DecodingState } from './decoding-state.ts';
import {
  CacheError,
  ContextLengthError,
  checkInteger,
  checkOptionNames,
  ParameterError,
  ShapeError,
  UnsupportedError,
} from './errors.ts';
import type { Answer, EndEvent, TokenDetails, TokenEvent } from './events.ts';
import { History } from './history.ts';
import type { KVCache } from './kv-cache.ts';
import type { ForwardOptions, LanguageModel } from './language-model.ts';
import { chainOf } from './option-stages.ts';
import type { OptionReport, ResolvedOptions } from './options.ts';
import { Output } from './output.ts';
import { Random } from './random.ts';
import { RunCache } from './run-cache.ts';
import { RunMemory } from './run-memory.ts';
import type { Sampler } from './sampler.ts';
import { Scores } from './scores.ts';
import { type Steering, SteeringNotes } from './steering.ts';
import type { EndReason } from './stop.ts';
import type { ChosenToken, Decoding, Row, Run, Settled } from './strategy.ts';
import { continuation } from './text-stream.ts';

/** Thrown by `advance` when the call was aborted or is out of time; `generate` turns it into end events. */
export class Interruption {
  readonly reason: 'abort' | 'time';

  constructor(reason: 'abort' | 'time') {
    this.reason = reason;
  }
}

/** One call of `generate`: owns the sequences on their way out, and whatever has to be released at the end. */
export class GenerationRun implements Run {
  readonly model: LanguageModel;
  readonly options: ResolvedOptions;
  readonly samplers: readonly Sampler[];
  readonly cache: RunCache;
  readonly promptLengths: readonly number[];
  readonly outputs: readonly Output[];
  readonly #prompts: readonly History[];
  readonly #report: OptionReport;
  readonly #randoms: readonly Random[];
  readonly #memory: RunMemory;
  readonly #state: DecodingState | undefined;
  /** Tokens of each row before this call: the prompt's, or all of a state's. */
  readonly #starts: readonly number[];
  readonly #steering: SteeringNotes = new SteeringNotes();
  readonly #cachedTokens: readonly number[];
  readonly #drafts: Map<Output, { readonly draftedTokens: number; readonly acceptedTokens: number }> = new Map();
  readonly #breather: Breather = new Breather();
  readonly #began: number = performance.now();
  #firstToken: number | undefined;
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
        ? [prompts.history]
        : prompts.map((prompt, row) => checkedPrompt(model, prompt, row, options));
    for (const id of options.logprobsOf) checkInteger('generate', 'logprobsOf', id, 0, model.vocabSize - 1);
    this.#starts = this.#prompts.map(({ length }) => length);
    this.promptLengths = state === undefined ? this.#starts : [state.promptLength];
    this.#randoms = this.#prompts.map((_, row) => new Random(seedOf(options.seed, row, this.#prompts.length)));
    this.samplers = chainOf(options);
    this.outputs = this.#prompts.flatMap((prompt, row) =>
      Array.from(
        { length: options.sequences },
        (_, sequence) => new Output(row, sequence, prompt, options.tokenizer, options.stopStrings, state?.text),
      ),
    );
    this.#memory = state?.memoryOf(this.samplers) ?? new RunMemory();
    this.cache = openCache(model, this.#prompts.length, state?.cache ?? options.cache);
    this.#cachedTokens = this.#prompts.map((prompt, row) => commonPrefix(prompt.tokens, this.cache.tokens(row)));
  }

  get interrupted(): 'abort' | 'time' | undefined {
    if (this.options.signal?.aborted === true) return 'abort';
    return performance.now() - this.#began > this.options.maxTime ? 'time' : undefined;
  }

  random(prompt: number): Random {
    return this.#randoms[prompt]!;
  }

  async start(count: number = this.options.sequences): Promise<Row[]> {
    const rows = this.#prompts
      .map((history, prompt) => ({ prompt, sequence: 0, history }))
      .filter(({ prompt }) => !this.hasNoRoom(prompt));
    if (rows.length < this.#prompts.length) this.cache.gather(rows.map(({ prompt }) => prompt));
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
    options: Pick<ForwardOptions, 'scored' | 'hidden' | 'layers'> = {},
  ): Promise<Scores> {
    this.#scores?.dispose();
    this.#scores = undefined;
    await this.#breather.breathe();
    if (rows.length !== this.cache.rows) throw new ShapeError('Rows to advance', [this.cache.rows], [rows.length]);
    if (this.options.cache === 'none') this.cache.truncate(rows.map(() => 0));
    const wanted = rows.map(({ history }) => this.#window(history));
    this.#notePrompts(rows);
    const result = advance(this.model, this.cache.inner, this.cache.spread(wanted), { ...this.#chunks(), ...options });
    const { scored = 1 } = options;
    const contexts = rows.flatMap((row, index) =>
      lastStates(row.history, Math.min(scored, wanted[index]!.length)).map((history) => ({
        history,
        sequence: (this.#state?.sequence ?? 0) + row.sequence + ((row.lane ?? 0) << 16),
        promptLength: this.promptLengths[row.prompt]!,
        vocabSize: this.model.vocabSize,
        endTokens: this.options.endTokens,
        maxLength: this.#maxLength(row.prompt),
        random: this.random(row.prompt),
        memory: this.#memory,
        ...this.#steeringOf(history),
        ...(this.model.sources === undefined
          ? {}
          : { source: this.model.sources[Math.min(row.prompt, this.model.sources.length - 1)]! }),
      })),
    );
    this.#scores = new Scores(result, contexts, this.model);
    return this.#scores;
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

  async describe(scores: Scores, index: number, id: number): Promise<TokenDetails> {
    const { logprobs, topLogprobs, logprobsOf, explain } = this.options;
    return {
      ...(logprobs || topLogprobs > 0 || logprobsOf.length > 0
        ? await scores.describe(index, id, { top: topLogprobs, ids: logprobsOf })
        : {}),
      ...(explain ? { explanation: await scores.explain(index, 10, [id]) } : {}),
    };
  }

  tally(row: Row, drafted: number, accepted: number): void {
    const output = this.#output(row);
    const counts = this.#drafts.get(output) ?? { draftedTokens: 0, acceptedTokens: 0 };
    this.#drafts.set(output, {
      draftedTokens: counts.draftedTokens + drafted,
      acceptedTokens: counts.acceptedTokens + accepted,
    });
  }

  /** Emit the tokens that were chosen for each row, up to the one that ends it. */
  async *#take(rows: readonly Row[], chosen: (index: number) => Promise<readonly ChosenToken[]>): Decoding<Row[]> {
    const { endTokens, tokenizer } = this.options;
    const kept: number[] = [];
    const next: Row[] = [];
    for (const [index, row] of rows.entries()) {
      const output = this.#output(row);
      let grown = row;
      for (const { history, details } of await chosen(index)) {
        const id = history.at(-1)!;
        output.history = history;
        this.#firstToken ??= performance.now();
        const text = output.push(id, endTokens.includes(id));
        if (history.parent !== undefined) this.#steering.pass(history.parent, history);
        const event: TokenEvent = { type: 'token', row: row.prompt, sequence: row.sequence, id, ...details };
        const answer = yield tokenizer === undefined ? event : { ...event, text };
        grown = { ...row, history };
        if (answer !== undefined && this.#steer(answer, output, index)) {
          grown = { ...row, history: output.history };
          const full = this.#full(grown);
          if (full !== undefined) yield this.end(output, full);
          break;
        }
        const reason = answer?.stop === true ? 'predicate' : this.#reason(grown, output.stopped, output.text);
        if (reason === undefined) continue;
        yield this.end(output, reason);
        break;
      }
      if (output.ended) continue;
      kept.push(index);
      next.push(grown);
    }
    if (kept.length < rows.length) this.cache.gather(kept);
    return next;
  }

  async *settle(finished: readonly Settled[]): Decoding {
    const { tokenizer, endTokens } = this.options;
    for (const { row, reason, score, tokens } of finished) {
      const output = this.#output(row);
      output.history = row.history;
      this.#firstToken ??= performance.now();
      const ids = row.history.tokens.subarray(this.#starts[row.prompt]!);
      for (const [i, id] of ids.entries()) {
        const text = output.push(id, endTokens.includes(id));
        const event: TokenEvent = { type: 'token', row: row.prompt, sequence: row.sequence, id, ...tokens?.[i] };
        const answer = yield tokenizer === undefined ? event : { ...event, text };
        if (answer !== undefined) this.#refuse('an answer to a stream of settled sequences');
      }
      yield this.end(output, reason, score);
    }
  }

  ended(row: Row): EndReason | undefined {
    const { stopStrings, stopWhen, tokenizer } = this.options;
    const needsText = tokenizer !== undefined && (stopStrings.length > 0 || stopWhen !== undefined);
    const { tokens } = row.history;
    const promptLength = this.promptLengths[row.prompt]!;
    const text = needsText
      ? continuation(tokenizer, tokens.subarray(0, promptLength), tokens.subarray(promptLength))
      : '';
    return this.#reason(
      row,
      stopStrings.some((string) => text.includes(string)),
      text,
    );
  }

  /** The end event of a sequence. */
  end(output: Output, reason: EndReason, score?: number): EndEvent {
    const { prompt, sequence, history } = output;
    const state = sequence === 0 ? this.#state : undefined;
    // A state that may go on keeps what is not yet printable; otherwise it is printed as it is.
    const goesOn = state !== undefined && reason !== 'end-token' && reason !== 'stop-string';
    state?.moveTo(history, goesOn ? output.suspend() : undefined);
    const tail = goesOn ? '' : output.flush();
    output.ended = true;
    const promptTokens = this.#starts[prompt]!;
    const ids = Array.from(history.tokens.subarray(promptTokens));
    const now = performance.now();
    const firstToken = this.#firstToken ?? now;
    return {
      type: 'end',
      row: prompt,
      sequence,
      reason,
      ids,
      ...(this.options.tokenizer === undefined ? {} : { text: output.text, tail }),
      ...(score === undefined ? {} : { score }),
      usage: {
        promptTokens,
        cachedTokens: this.#cachedTokens[prompt]!,
        newTokens: ids.length,
        ...this.#drafts.get(output),
      },
      timing: {
        prefill: firstToken - this.#began,
        total: now - this.#began,
        perToken: ids.length > 1 ? (now - firstToken) / (ids.length - 1) : 0,
      },
      options: this.#report,
    };
  }

  /** True when not even one token may follow the prompt. */
  hasNoRoom(prompt: number): boolean {
    return this.#starts[prompt]! >= this.#maxLength(prompt);
  }

  dispose(): void {
    this.#scores?.dispose();
    this.cache.dispose();
  }

  #output(row: Row): Output {
    return this.outputs[row.prompt * this.options.sequences + row.sequence]!;
  }

  #reason(row: Row, stopString: boolean, text: string): EndReason | undefined {
    const { endTokens, stopWhen } = this.options;
    const { history, prompt, sequence } = row;
    const id = history.at(-1)!;
    const promptLength = this.promptLengths[prompt]!;
    const elapsed = performance.now() - this.#began;
    if (endTokens.includes(id)) return 'end-token';
    if (stopString) return 'stop-string';
    if (stopWhen?.({ history, promptLength, id, text, row: prompt, sequence, elapsed }) === true) return 'predicate';
    return this.#full(row) ?? this.interrupted;
  }

  #full({ history, prompt }: Row): 'length' | 'context' | undefined {
    if (history.length >= this.#maxLength(prompt)) return 'length';
    if (this.options.onContextFull === 'stop' && history.length >= this.model.contextLength) return 'context';
    return undefined;
  }

  #steeringOf(history: History): { steering?: Steering } {
    const steering = this.#steering.at(history);
    return steering === undefined ? {} : { steering };
  }

  /** Do what the reader asked. True when the sequence goes on from another place, or with a wish for the next token. */
  #steer(answer: Answer, output: Output, index: number): boolean {
    checkOptionNames('answer', answer, ['stop', 'rewind', 'force', 'ban', 'fork']);
    const { rewind = 0, force, ban, fork } = answer;
    const { strategy } = this.options;
    if ((force !== undefined || ban !== undefined) && strategy !== undefined && strategy.steerable !== true)
      this.#refuse("a reader's force and ban");
    checkInteger('answer', 'rewind', rewind, 0, output.depth);
    for (const id of [...(force ?? []), ...(ban ?? [])])
      checkInteger('answer', 'force and ban', id, 0, this.model.vocabSize - 1);
    if (rewind > 0) output.rewind(rewind, output.history.ancestor(output.history.length - rewind)!);
    if (force !== undefined && force.length > 0) this.#steering.set(output.history, { force });
    else if (ban !== undefined && ban.length > 0) this.#steering.set(output.history, { ban });
    fork?.(this.#forkAt(output, index));
    if (answer.stop === true) return false;
    return rewind > 0 || (force?.length ?? 0) > 0;
  }

  #refuse(feature: string): never {
    throw new UnsupportedError(feature, `The strategy '${this.options.strategy?.name ?? 'sampling'}'`);
  }

  #forkAt(output: Output, index: number): DecodingState {
    const cache = this.cache.fork();
    cache.gather([index]);
    return DecodingState.assemble({
      model: this.model,
      seed: this.random(output.prompt).seed,
      sequence: (this.#state?.sequence ?? 0) + output.sequence,
      promptLength: this.promptLengths[output.prompt]!,
      tokenizer: this.options.tokenizer,
      history: output.history,
      text: output.suspend(),
      cache,
      memories: new Map([[chainKey(this.samplers), this.#memory]]),
    });
  }

  /** Most tokens of a sequence, prompt included. */
  #maxLength(prompt: number): number {
    const { maxNewTokens, maxLength } = this.options;
    return Math.min(this.#starts[prompt]! + maxNewTokens, maxLength);
  }

  /**
   * The tokens that the model is to see. When the context is full, the older half is forgotten, so that it has to be read
   * anew only once in half a context. The start depends on the length alone, so a rewind finds the same window.
   */
  #window(history: History): Int32Array {
    const { contextLength } = this.model;
    if (this.options.onContextFull === 'stop' || history.length <= contextLength) return history.tokens;
    const half = Math.ceil(contextLength / 2);
    const start = Math.ceil((history.length - contextLength) / half) * half;
    return history.tokens.subarray(start);
  }

  /** Tell the cache which tokens are the prompt's, as far as they are still in the window. */
  #notePrompts(rows: readonly Row[]): void {
    const { cache } = this;
    const lengths = rows.map(({ prompt, history }) =>
      Math.max(0, this.promptLengths[prompt]! - (history.length - this.#window(history).length)),
    );
    cache.inner.notePrompts?.(cache.spread(lengths));
  }

  #chunks(): { prefillChunk: number; between: () => void } {
    return {
      prefillChunk: this.options.prefillChunk,
      between: () => {
        if (this.interrupted !== undefined) throw new Interruption(this.interrupted);
      },
    };
  }
}

function checkedPrompt(
  model: LanguageModel,
  given: ArrayLike<number>,
  row: number,
  { onContextFull }: ResolvedOptions,
): History {
  const prompt = given.length === 0 ? (model.defaults.startTokens ?? []) : given;
  if (prompt.length === 0)
    throw new ParameterError('generate', `prompts[${row}]`, 'at least one token (the model has no start token)', []);
  if (onContextFull === 'stop' && prompt.length > model.contextLength)
    throw new ContextLengthError(model.contextLength, prompt.length, 'The prompt');
  for (let i = 0; i < prompt.length; i++)
    checkInteger('generate', `prompts[${row}][${i}]`, prompt[i], 0, model.vocabSize - 1);
  return History.of(prompt);
}

function seedOf(seed: number | readonly number[], row: number, rows: number): number {
  if (typeof seed === 'number') return seed;
  if (seed.length !== rows) throw new ShapeError('generate: seed', [rows], [seed.length]);
  return seed[row]!;
}

function openCache(model: LanguageModel, rows: number, cache: ResolvedOptions['cache']): RunCache {
  if (typeof cache === 'object' && !('kind' in cache)) {
    if (cache.rows !== rows) throw new ShapeError('generate: rows of the cache', [rows], [cache.rows]);
    return new RunCache(cache as KVCache, false);
  }
  return new RunCache(model.createCache({ rows, kind: cache === 'none' ? 'preallocated' : cache }), true);
}

/** The histories that end at each of the last `count` positions, oldest first. */
function lastStates(history: History, count: number): History[] {
  const states = [history];
  for (let node = history; states.length < count; states.unshift(node))
    node = node.parent ?? History.of(node.tokens.subarray(0, -1));
  return states.slice(states.length - count);
}
