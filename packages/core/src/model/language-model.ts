import type { CacheKind, EngineMatrix, PendingChoice } from '../engine/engine.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { KVCache } from './kv-cache.ts';

/**
 * A model that gives logits for the next token. What is made of several models, or of a model and a source text, is
 * one too, so that every sampler and strategy applies to it unchanged.
 *
 * Symbols: R rows (sequences or hypotheses), V vocabulary, W width.
 */
export interface LanguageModel extends Disposable {
  /** For messages and reports. */
  readonly name: string;
  readonly vocabSize: number;
  /** Largest number of positions of one row. */
  readonly contextLength: number;
  /** Number of layers; `forward` accepts 0 (the embeddings) to `layers` as early exits. */
  readonly layers: number;
  /** Most tokens that one call of `forward` may feed over all rows; `advance` feeds longer input in several calls. */
  readonly maxTokens: number;
  /** Names weights, configuration and number format: caches are only exchanged between models in which it is equal. */
  readonly fingerprint: string;
  /** Name of the TF.js backend of device samplers, undefined when there is none. */
  readonly tensorBackend: string | undefined;
  /** True when reading logits back is dear, so that samplers should run where the logits are. */
  readonly readbackIsExpensive: boolean;
  /** What the checkpoint says about generation (generation_config.json); the lowest layer of options. */
  readonly defaults: ModelDefaults;
  /** The source ids, for encoder-decoder models: of each row, or one for all rows; samplers see them as `step.source`. */
  readonly sources?: readonly (readonly number[])[];

  createCache(options?: CacheOptions): KVCache;
  /** A cache from what `KVCache.serialize` gave, in this process or another. */
  restoreCache(bytes: Uint8Array): KVCache;
  /** True for a cache that this model made, the only kind that its `forward` takes. */
  owns(cache: KVCache): boolean;
  /**
   * Feed each row's tokens after what the cache holds for it, and extend it by them. Rows may differ in length and may be
   * empty. Synchronous; nothing is read back. When it throws, the cache is as it was.
   *
   * @param tokens one list of ids a row of the cache.
   */
  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options?: ForwardOptions): ForwardResult;
  /**
   * Begin the next step with the tokens of a choice that was made on the device, before the host has read it, so that the device need
   * not wait. The cache keeps its length. The next `forward` of exactly these tokens takes the result; every other use of the cache
   * cancels the step, as does `PendingStep.cancel`. An error while it runs is thrown by the `forward` that takes it.
   *
   * Undefined when no step can be begun: the context is full, or the cache cannot be rewound. Absent for models whose logits are
   * not those of one engine.
   */
  stepAhead?(choice: PendingChoice, cache: KVCache): PendingStep | undefined;
  /**
   * Release the weights and every cache of this model. Models, caches and engines may be disposed in any order and more than
   * once; what was disposed throws DisposedError when it is used.
   */
  dispose(): void;
  /** The same as `dispose`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}

/** A step that was begun by {@link LanguageModel.stepAhead}. */
export interface PendingStep {
  /** Whether a `forward` has taken its result, or something has cancelled it. */
  readonly state: 'pending' | 'taken' | 'cancelled';
  /** Give up the result and restore the cache's store. Does nothing when the step was taken or cancelled before. */
  cancel(): void;
}

export interface ModelDefaults {
  /** Ids that end a sequence. */
  readonly eosTokenIds?: readonly number[];
  readonly maxNewTokens?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly minNewTokens?: number;
  /** What a decoder starts from when no prompt is given (encoder-decoder models), or the begin token. */
  readonly decoderStartTokenIds?: readonly number[];
  /** The first new token, whatever the logits say (multilingual translators name the target language so). */
  readonly forcedBosTokenId?: number;
  /** The last new token when the maximum length is reached. */
  readonly forcedEosTokenId?: number;
  /** The chain of a call that gives no samplers: the sampling parameters of the checkpoint. Default: greedy decoding. */
  readonly samplers?: readonly Sampler[];
}

export interface CacheOptions {
  /** Default 1. */
  readonly rows?: number;
  /** Default `static` (in place). */
  readonly kind?: CacheKind | CacheKind['kind'];
}

export interface ForwardOptions {
  /** How many trailing positions of each row's tokens get logits. Default 1; fewer when fewer were fed. */
  readonly scored?: number;
  /** Also return the last hidden state of every fed token, after the final norm. Default false. */
  readonly hidden?: boolean;
  /** Also return the logits of these early exits (number of layers passed). Default none. */
  readonly earlyExits?: readonly number[];
}

/**
 * What a forward pass computed, where it was computed. Valid until disposed; a later `forward` never overwrites it.
 */
export interface ForwardResult {
  /** Logits of the scored positions, rows in order, positions of a row in order: [sum of scored, V]. */
  readonly logits: EngineMatrix;
  /** How many scored positions each row has, [R]. */
  readonly scored: readonly number[];
  /** Hidden states of all fed tokens, in the same order, [sum of fed, W]; only when asked for. */
  readonly hidden?: EngineMatrix;
  /** Logits of early exits, like `logits`; only when asked for. */
  readonly earlyExits?: ReadonlyMap<number, EngineMatrix>;
  /**
   * For a model that rules tokens out itself: its logits without that, like `logits`. A row of which a chain leaves nothing starts
   * again from them, so that constraints of the call come before those of the model.
   */
  readonly relaxed?: EngineMatrix;
  /** For a model made of several: what each source gave for the scored positions. */
  readonly parts?: readonly ForwardPart[];
  dispose(): void;
}

/** One source of a combined model. */
export interface ForwardPart {
  readonly name: string;
  /** The source's own logits, like `ForwardResult.logits`. */
  readonly logits: EngineMatrix;
}
