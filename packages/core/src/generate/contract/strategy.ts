import type { KVCache } from '../../model/kv-cache.ts';
import type { ForwardOptions, LanguageModel } from '../../model/language-model.ts';
import type { RowContext } from '../../sampling/chain/row-context.ts';
import type { Scores } from '../../sampling/chain/scores.ts';
import type { History } from '../../sampling/history.ts';
import type { Random } from '../../sampling/random.ts';
import type { Json, Sampler } from '../../sampling/sampler.ts';
import type { Control, StreamEvent, TokenDetails } from './events.ts';
import type { Finish } from './finish.ts';
import type { ResolvedOptions } from './options.ts';
import type { SequenceText } from './sequence-text.ts';

/**
 * Decides which tokens to feed and which to accept. `decode` is an async generator over the primitives of a `Run`; it yields
 * the events of `run.accept` and `run.settle`. Everything else (stop conditions, abort, text, time, the life of caches) is
 * the run's.
 *
 * @example
 * ```ts
 * const plain: Strategy = {
 *   name: 'plain',
 *   async *decode(run) {
 *     let rows = await run.start();
 *     while (rows.length > 0) {
 *       const scores = await run.advance(rows);
 *       rows = yield* run.accept(rows, await scores.apply(run.samplers).sample(), scores);
 *     }
 *   },
 * };
 * ```
 */
export interface Strategy {
  /** Kebab-case. */
  readonly name: string;
  readonly parameters?: Json;
  /**
   * True when a reader's `force` and `ban` have an effect: tokens come from `scores.sample`, or the strategy looks at the
   * `control` of the row's context. Default false: such a control is an UnsupportedError.
   */
  readonly supportsControl?: boolean;
  /**
   * How the strategy comes to several tokens of a row: it ranks them, or it samples several sequences. A chain that leaves
   * one token would make its hypotheses equal, so it is a ParameterError; where tokens are ranked, a stage with the trait
   * `yieldsToStrategy` is left out, and so is the greedy stage of a default chain. Default: it samples one token of a row,
   * which may be the most probable one, so without samplers it decodes greedily, as a call without a strategy does.
   */
  readonly comparesTokens?: 'by-rank' | 'by-chance';
  decode(run: Run): Decoding;
}

/** A strategy's generator: it yields events, and receives the reader's control. */
export type Decoding<Result = void> = AsyncGenerator<StreamEvent, Result, Control | undefined>;

/** One sequence, or one hypothesis of one. Row i of a list is row i of the cache. */
export interface Row {
  /** Index of the prompt in the batch, from 0. */
  readonly promptIndex: number;
  /** Index of the sequence among the prompt's returned sequences, from 0. */
  readonly sequence: number;
  /** Distinguishes hypotheses of one sequence in random numbers: a beam's rank. Default 0. */
  readonly beamIndex?: number;
  readonly history: History;
  /** The text so far, where stop conditions need it. Kept by `run.extend`. */
  readonly text?: SequenceText;
}

/** What a strategy works with during one call of `generate`. */
export interface Run {
  readonly model: LanguageModel;
  /** Keys and values of the rows. Row i belongs to the i-th row that the strategy advances. */
  readonly cache: KVCache;
  /** The chain of the call, with the stages that other options add (no end token before `minNewTokens`). */
  readonly samplers: readonly Sampler[];
  readonly options: ResolvedOptions;
  /** Set when the call was aborted or ran out of time. A strategy may settle; its next `advance` ends the run. */
  readonly interrupted: 'abort' | 'timeout' | undefined;
  /** Length of each prompt, [prompts]: tokens that were given, not generated. */
  readonly promptLengths: readonly number[];
  /** Tokens of each prompt's rows before this call, [prompts]: the prompt, or all tokens of the state that it continues. */
  readonly startLengths: readonly number[];

  /** Maximum length of a prompt's sequences in tokens, prompt included. */
  maxLength(promptIndex: number): number;
  /** What samplers receive about a row at a node of its history; for strategies that run the chain themselves. Default: the last node. */
  contextOf(row: Row, history?: History): RowContext;

  /** The random numbers of a prompt. */
  random(promptIndex: number): Random;
  /**
   * `count` rows per prompt, with the cache arranged for them. Default: one per sequence. Each prompt is read once. A strategy
   * that starts more rows than sequences emits through `settle`.
   */
  start(count?: number): Promise<Row[]>;
  /**
   * Feed the tokens that the cache lacks and return the scores of the next token: one row of scores per row, or `scored`
   * per row, the last positions in order. The scores that were returned before are disposed.
   */
  advance(rows: readonly Row[], options?: Pick<ForwardOptions, 'scored' | 'hidden' | 'earlyExits'>): Promise<Scores>;
  /**
   * Append tokens to each row: emits their events, and the end event of each row that is complete. Returns the other rows;
   * the cache is gathered to them. Tokens after the one that ends a row are dropped.
   *
   * @param chosen an id per row, with the `scores` it was chosen from; or a list of tokens per row, possibly empty.
   */
  accept(rows: readonly Row[], ids: readonly number[], scores: Scores): Decoding<Row[]>;
  accept(rows: readonly Row[], tokens: readonly (readonly ChosenToken[])[]): Decoding<Row[]>;
  /** What the options ask to report about a token; for `accept` and `settle`. */
  describe(scores: Scores, index: number, id: number, at?: DescribedAt): Promise<TokenDetails>;
  /** Add to the number of drafted tokens that the end event of the row's sequence reports. */
  tally(row: Row, drafted: number): void;
  /**
   * Emit whole sequences, with their end events; for strategies that decide late. Sequences of the call that are not among
   * them do not exist for the reader.
   */
  settle(finished: readonly Settled[]): Decoding;
  /** The row with one more token, which `history` ends with; for strategies that hold several hypotheses. */
  extend(row: Row, history: History): Row;
  /** How a row ends with its last token, or undefined when it continues; for strategies that hold several hypotheses. */
  finishOf(row: Row): Finish | undefined;
}

/** Where a token was chosen, for a strategy that runs the samplers itself. */
export interface DescribedAt {
  /** The node that the token follows. Default: the row's, as it was advanced. */
  readonly history?: History;
  /** The logits after the samplers, [V]. Default: those of the scores. */
  readonly shaped?: Float32Array;
}

/** A token that a strategy has chosen. */
export interface ChosenToken {
  /** The history that ends with it. */
  readonly history: History;
  readonly details?: TokenDetails;
  /** True when a draft proposed it: it counts as accepted. */
  readonly guessed?: boolean;
}

/** A finished sequence of a strategy that decides late. */
export interface Settled {
  readonly row: Row;
  readonly finish: Finish;
  /** The strategy's own score, if it has one; larger is better. */
  readonly score?: number;
  /** Details of each new token, in order. */
  readonly tokens?: readonly TokenDetails[];
}
