import type { KVCache } from '../model/kv-cache.ts';
import type { ForwardOptions, LanguageModel } from '../model/language-model.ts';
import type { RowContext } from '../sampling/chain.ts';
import type { History } from '../sampling/history.ts';
import type { Random } from '../sampling/random.ts';
import type { Json, Sampler } from '../sampling/sampler.ts';
import type { Scores } from '../sampling/scores.ts';
import type { Control, StreamEvent, TokenDetails } from './events.ts';
import type { ResolvedOptions } from './options.ts';
import type { EndReason } from './stop.ts';

/**
 * Decides which tokens to feed and which to accept. `decode` is an async generator over the primitives of a `Run`; it
 * yields the events that `run.accept` and `run.settle` give it. Everything else (stop conditions, abort, text, time, the
 * life of caches) is the run's.
 */
export interface Strategy {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters?: Json;
  /**
   * True when a reader's `force` and `ban` are heeded: tokens come from `scores.sample`, or the strategy looks at `control` of the
   * row's context. Default false: such an answer is an UnsupportedError.
   */
  readonly supportsControl?: boolean;
  decode(run: Run): Decoding;
}

/** What a strategy's generator yields, returns and is answered. */
export type Decoding<Result = void> = AsyncGenerator<StreamEvent, Result, Control | undefined>;

/** One sequence, or one hypothesis of one, as it stands. Row i of a list stands in row i of the cache. */
export interface Row {
  /** Which prompt of the batch, from 0. */
  readonly promptIndex: number;
  /** Which of the prompt's returned sequences, from 0. */
  readonly sequence: number;
  /** Tells hypotheses of one sequence apart in random numbers: a beam's rank. Default 0. */
  readonly beamIndex?: number;
  readonly history: History;
}

/** What a strategy works with during one call of `generate`. */
export interface Run {
  readonly model: LanguageModel;
  /** Keys and values of the rows; row i belongs to the i-th row that the strategy advances. */
  readonly cache: KVCache;
  /** The chain of the call, with what the options add (no end token before `minNewTokens`). */
  readonly samplers: readonly Sampler[];
  readonly options: ResolvedOptions;
  /** Set when the call was aborted or its time is over: a strategy may settle; its next `advance` ends the run. */
  readonly interrupted: Extract<EndReason, 'abort' | 'time'> | undefined;
  /** Length of each prompt, [prompts]: tokens that were given, not generated. */
  readonly promptLengths: readonly number[];
  /** Tokens of each prompt's rows before this call, [prompts]: the prompt's, or all of the state that goes on. */
  readonly startLengths: readonly number[];

  /** Most tokens of a sequence of this prompt, the prompt's included. */
  maxLength(prompt: number): number;
  /** What samplers are told of a row at a node of its history, by default its last: for strategies that run the chain themselves. */
  contextOf(row: Row, history?: History): RowContext;

  /** The random numbers of a prompt. */
  random(prompt: number): Random;
  /**
   * `count` rows a prompt, by default one for each sequence, with the cache arranged for them; prompts are read once each.
   * A strategy that starts more rows than sequences emits through `settle`.
   */
  start(count?: number): Promise<Row[]>;
  /**
   * Feed what the cache lacks of each row and return the scores of the next token: one row of scores a row, or
   * `scored` each, last positions in order. Ends the life of the scores that were returned before.
   */
  advance(rows: readonly Row[], options?: Pick<ForwardOptions, 'scored' | 'hidden' | 'earlyExits'>): Promise<Scores>;
  /**
   * Append one token to each row: emits its event, and the end event of the rows that a stop condition ends. Returns the
   * rows that go on; the cache is gathered to them.
   */
  accept(rows: readonly Row[], ids: readonly number[], scores: Scores): Decoding<Row[]>;
  /**
   * Append tokens that are chosen already to each row, none or several: like `accept`, for strategies that choose several at
   * once, or after a later forward pass. What follows the token that ends a row is dropped.
   */
  append(rows: readonly Row[], tokens: readonly (readonly ChosenToken[])[]): Decoding<Row[]>;
  /**
   * What the options ask to be told of a token; for `append` and `settle`. `history`: the node that the token follows, when it is
   * another than the one that was advanced.
   */
  describe(scores: Scores, index: number, id: number, history?: History): Promise<TokenDetails>;
  /** Add to the number of drafted tokens that the end event of the row's sequence reports. */
  tally(row: Row, drafted: number): void;
  /** Emit whole sequences at once, with their end events: for strategies that decide late. */
  settle(finished: readonly Settled[]): Decoding;
  /** Whether a stop condition ends a sequence after its last token, and why; for strategies that hold several hypotheses. */
  ended(row: Row): EndReason | undefined;
}

/** A token that a strategy has chosen. */
export interface ChosenToken {
  /** The history that ends with it. */
  readonly history: History;
  readonly details?: TokenDetails;
  /** True when a draft had guessed it: it counts as accepted. */
  readonly guessed?: boolean;
}

/** A finished sequence of a strategy that decides late. */
export interface Settled {
  readonly row: Row;
  readonly reason: EndReason;
  /** The strategy's own score, if it has one: larger is better. */
  readonly score?: number;
  /** What is known of each new token, in order. */
  readonly tokens?: readonly TokenDetails[];
}
