import type { CacheKind, EngineMatrix, PendingChoice } from '../engine/engine.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { KVCache } from './kv-cache.ts';

/**
 * A model that computes next-token logits. Combined models, encoder-decoder models bound to a source, and functions (`hostModel`) have
 * this interface too, so every sampler and strategy applies to them.
 *
 * Shapes: R = rows (sequences or hypotheses), V = vocabulary size, W = width.
 */
export interface LanguageModel extends Disposable {
  /** Name in messages and reports. */
  readonly name: string;
  /** Number of tokens in the vocabulary, V. */
  readonly vocabSize: number;
  /** Maximum number of tokens in one row. The last of them gives one more token, which can not be fed. */
  readonly contextLength: number;
  /** Number of layers. `forward` accepts 0 (the embeddings) to `layers` as early exits. */
  readonly layers: number;
  /** Maximum number of tokens that one call of `forward` may feed, over all rows. `advance` splits longer input. */
  readonly maxTokens: number;
  /** Identifies weights, configuration and number format. Serialized caches can be restored in models with the same fingerprint. */
  readonly fingerprint: string;
  /** Name of the TF.js backend on which device samplers run; undefined if there is none. */
  readonly tensorBackend: string | undefined;
  /** Whether reading logits back is expensive (a GPU), so that samplers should run where the logits are. */
  readonly readbackIsExpensive: boolean;
  /** Options of the checkpoint (generation_config.json), used where a call gives none. */
  readonly defaults: ModelDefaults;
  /**
   * The source ids of an encoder-decoder model: one list per row, or one list for all rows. Samplers see them as `step.source`, unless
   * `separateVocabularies` is true.
   */
  readonly sources?: readonly (readonly number[])[];
  /**
   * True for an encoder-decoder model whose sources have a vocabulary of their own, so that the same id is another token there. Samplers
   * see no source then, and those with the trait `readsSource` are refused. Absent or false: both sides share one.
   */
  readonly separateVocabularies?: boolean;

  /** An empty cache for this model. */
  createCache(options?: CacheOptions): KVCache;
  /**
   * A cache from the bytes of `KVCache.serialize`, written in this process or another.
   *
   * @throws CacheError when the bytes are damaged or of another model.
   */
  restoreCache(bytes: Uint8Array): KVCache;
  /** Whether this model created the cache. `forward` accepts no other. */
  owns(cache: KVCache): boolean;
  /**
   * Feed new tokens to each row and append them to the cache. Rows may differ in length, and some may be empty. Synchronous; nothing is
   * read back. When it throws, the cache is unchanged.
   *
   * @param tokens one list of ids per row of the cache.
   * @throws ContextLengthError, ParameterError, ShapeError for tokens that do not fit; CacheError for another model's cache;
   * UnsupportedError for hidden states or early exits that the model does not have.
   */
  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options?: ForwardOptions): ForwardResult;
  /**
   * Start the next step with the tokens of a choice on the device, before the host has read it, so that the device does
   * not have to wait. The cache keeps its length. The next `forward` of exactly these tokens takes the result; any
   * other use of the cache cancels the step, as does `PendingStep.cancel`. An error in the step is thrown by the
   * `forward` that takes it.
   *
   * Undefined when no step can be started: the context is full, or the cache cannot be rewound. Absent for models whose
   * logits do not come from one engine.
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
  /** Discard the result and restore the cache's store. Does nothing when the step was already taken or cancelled. */
  cancel(): void;
}

/** What a checkpoint says about generation. Each value applies where a call gives none. */
export interface ModelDefaults {
  /** Ids that end a sequence. */
  readonly eosTokenIds?: readonly number[];
  /** Maximum number of new tokens. */
  readonly maxNewTokens?: number;
  /** Maximum length of a sequence in tokens, prompt included. */
  readonly maxLength?: number;
  /** Minimum length of a sequence in tokens, prompt included. */
  readonly minLength?: number;
  /** Minimum number of new tokens. */
  readonly minNewTokens?: number;
  /** The prompt when a call gives an empty one: the start tokens of a decoder, or the beginning-of-sequence token. */
  readonly decoderStartTokenIds?: readonly number[];
  /** Forced as the first new token. Multilingual translation models select the target language with it. */
  readonly forcedBosTokenId?: number;
  /** Forced as the last token when the maximum length is reached. */
  readonly forcedEosTokenId?: number;
  /** The chain of a call that gives no samplers: the sampling parameters of the checkpoint. Default: greedy decoding. */
  readonly samplers?: readonly Sampler[];
}

/** Options of {@link LanguageModel.createCache}. */
export interface CacheOptions {
  /** Number of rows. Default 1. */
  readonly rows?: number;
  /** How keys and values are stored. Default `'static'`: in place. */
  readonly kind?: CacheKind | CacheKind['kind'];
}

/** Options of {@link LanguageModel.forward}. */
export interface ForwardOptions {
  /** How many of the last tokens of each row get logits; fewer if fewer are fed. Default 1. */
  readonly scored?: number;
  /** Whether to return the last hidden state of every fed token, after the final norm. Default false. */
  readonly hidden?: boolean;
  /** Numbers of layers after which the logits are also returned. Default none. */
  readonly earlyExits?: readonly number[];
}

/**
 * The result of a forward pass, kept where it was computed. Valid until it is disposed; a later `forward` does not overwrite it.
 */
export interface ForwardResult {
  /** Logits of the scored positions, by row and then by position: [sum of scored, V]. */
  readonly logits: EngineMatrix;
  /** Number of scored positions of each row, [R]. */
  readonly scored: readonly number[];
  /** Hidden states of all fed tokens, in the same order: [sum of fed, W]. Present with the option `hidden`. */
  readonly hidden?: EngineMatrix;
  /** Logits of early exits by number of layers, each like `logits`. Present with the option `earlyExits`. */
  readonly earlyExits?: ReadonlyMap<number, EngineMatrix>;
  /**
   * For models that rule out tokens themselves: the logits before that, like `logits`. A row in which the samplers
   * leave no token starts again from them, so the constraints of the call take precedence over those of the model.
   */
  readonly relaxed?: EngineMatrix;
  /** Of a combined model: the logits of each source for the scored positions. */
  readonly parts?: readonly ForwardPart[];
  dispose(): void;
}

/** One source of a combined model. */
export interface ForwardPart {
  readonly name: string;
  /** The source's own logits, like `ForwardResult.logits`. */
  readonly logits: EngineMatrix;
}
