import type { DrawKey } from '../draw/race.ts';
import type { Architecture, EncoderDecoderArchitecture } from './operations.ts';
import type { Tensor2D, TensorFlow } from './tensorflow.ts';

/**
 * The machine side of the engine seam: holds weights and runs a model's forward pass over a frame. An engine is used through
 * `createModel`; its memory is private to it.
 */
export interface Engine extends AsyncDisposable {
  /** Name in messages and reports: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /** The TF.js backend of the tensors in `EngineMatrix.map`, or undefined without TF.js. Samplers that only have a TF.js form need one. */
  readonly tensorBackend: string | undefined;
  /** True when logits are expensive to read back (a GPU), so that sampler stages run on the device where they can. */
  readonly readbackIsExpensive: boolean;
  /**
   * Features that are unavailable on this machine, one sentence each: threads that a page forbids, caches that cannot
   * be written in place.
   */
  readonly notices?: readonly string[];
  /**
   * Load the weights and make the model's forward pass ready to run. A failure leaves nothing allocated.
   *
   * @throws LoadError or ShapeError for a checkpoint that lacks what the model needs; MemoryLimitError before anything is read when
   * the model does not fit; the abort reason when `signal` aborts; DisposedError for an engine that was disposed.
   */
  prepare<C, P>(
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    weights: WeightSource,
    options?: PrepareOptions,
  ): Promise<Executable>;
  /** What the engine currently holds: weights, caches and results that are not disposed. */
  memory(): EngineMemory;
  /**
   * Release the engine and everything on it. Models and caches on it do not have to be disposed first; disposing them
   * afterwards does nothing, and using them throws DisposedError. A second call does nothing.
   */
  dispose(): Promise<void>;
  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an engine holds. */
export interface EngineMemory {
  readonly bytes: number;
  /** Number of tensors or buffers. */
  readonly buffers: number;
}

/** Options of {@link Engine.prepare}. */
export interface PrepareOptions {
  /** Called as weights arrive. Both numbers are bytes as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
  readonly signal?: AbortSignal;
  /**
   * Called with one sentence when the engine rounds weights a second time that are quantized already. Default: the engine's own
   * option, or none.
   */
  readonly onNotice?: (message: string) => void;
}

/** A checkpoint: named tensors that are read one at a time. */
export interface WeightSource {
  /** File or folder, for errors. */
  readonly name: string;
  /** The tensors, in the order in which reading is cheapest. */
  names(): readonly string[];
  /** Shape of a tensor, or undefined when the checkpoint lacks it. */
  shape(name: string): readonly number[] | undefined;
  /** The values, row-major, converted to float32. */
  read(name: string): Promise<Float32Array>;
  /**
   * The values of rows `first` .. `first + count` along the first dimension, as float32. Present where a part of a tensor can be read,
   * so that an engine never holds the largest tensors whole.
   */
  readRows?(name: string, first: number, count: number): Promise<Float32Array>;
  /** Bytes of a tensor as stored; for progress. */
  bytes(name: string): number;
  /** Number format as stored, such as 'F16' or 'Q4_K'. Absent where it is not known. */
  format?(name: string): string | undefined;
}

/**
 * The input of a forward pass: a flat list of N tokens, each with its row and position. Prefill, decoding, ragged batches, beams and
 * speculation are the same call with different lists. There is no padding and no mask. The tokens of a row are adjacent and in order.
 */
export interface Frame {
  /** Token ids, [N]. */
  readonly ids: Int32Array;
  /** Row of the cache, [N]. */
  readonly rows: Int32Array;
  /** Position id, for embeddings and rotary angles, [N]. */
  readonly positions: Int32Array;
  /** Index in the row's cache, [N]; differs from the position after an eviction. */
  readonly slots: Int32Array;
  /** Indices in the frame of the tokens whose logits are wanted, ascending, [S]. */
  readonly scored: Int32Array;
}

/** Options of {@link Executable.run}. */
export interface RunOptions {
  /** Return the last hidden state of every token, after the final norm. Default false. */
  readonly hidden?: boolean;
  /** Numbers of layers after which the head is applied as well, for the scored tokens. Default: none. */
  readonly earlyExits?: readonly number[];
  /** Tokens that were chosen on this engine, used instead of `Frame.ids` and in its order. The host may not have read them yet. */
  readonly ids?: PendingChoice;
  /** For encoder-decoder models: the encoder keys and values, and the source of each cache row. */
  readonly sources?: { readonly memory: EncoderKeyValues; readonly ofRow: Int32Array };
}

/** A model on an engine, ready to run. Calls are synchronous and read nothing back. */
export interface Executable {
  readonly engine: Engine;
  /** Bytes of the weights as the engine holds them. */
  readonly weightBytes: number;
  /** Maximum number of tokens in one frame. Longer input is fed in several frames. */
  readonly maxTokens: number;
  /** An empty cache. @throws UnsupportedError for a kind that the engine lacks. */
  createStore(rows: number, kind: CacheKind): KVStore;
  /** Feed a frame. The store then holds its tokens as well; when this throws, the caller truncates the store back. */
  run(frame: Frame, store: KVStore, options?: RunOptions): RunResult;
  /** Encoder-decoder models: source tokens -> encoder output, [N, width]. Rows of the frame are the sources. */
  encode?(frame: Frame): EngineMatrix;
  /** Encoder output of every source, [N, width], and the frame that says which rows belong to which source -> keys and values. */
  encodeKeyValues?(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues;
  dispose(): void;
}

/**
 * How keys and values are held. Engines refuse a kind that they lack with an UnsupportedError.
 * - `static`: in memory with room to spare; a step writes in place. The default.
 * - `dynamic`: in tensors that grow by concatenation; TF.js only.
 * - `f16`, `8-bit`: as `static`, with fewer bits per number; fused engines only.
 * - `window`: only the last `size` slots, and the first `sinks` (default 0); fused engines only.
 */
export type CacheKind =
  | { readonly kind: 'static' }
  | { readonly kind: 'dynamic' }
  | { readonly kind: 'f16' }
  | { readonly kind: '8-bit' }
  | { readonly kind: 'window'; readonly size: number; readonly sinks?: number };

/** Results of {@link Executable.run}. The caller disposes of them. */
export interface RunResult {
  /** [S, vocabSize]. */
  readonly logits: EngineMatrix;
  /** [N, width], when requested. */
  readonly hidden?: EngineMatrix;
  /** [S, vocabSize] by layer, when requested. */
  readonly earlyExits?: ReadonlyMap<number, EngineMatrix>;
}

/** Keys and values of some rows in the engine's memory. `KVCache` keeps the tokens and lengths that belong to them. */
export interface KVStore {
  readonly rows: number;
  /** Bytes in use. What forks share counts once in `Engine.memory()`, and in each of them here. */
  readonly bytes: number;
  /** Row i becomes a copy of the former row rows[i]. Rows may be repeated or left out. */
  gather(rows: readonly number[]): void;
  /** Removes the slots of each row from lengths[row] on. */
  truncate(lengths: readonly number[]): void;
  /** An independent store with the same content. Content is shared until one of the two writes. */
  fork(): KVStore;
  /** Keys and values of a row in one layer, each [slots, kvHeads * headDim], float32. */
  read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }>;
  /** Appends slots to a row in one layer: the inverse of `read`. */
  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void;
  dispose(): void;
}

/** Cross-attention keys and values of a batch of sources, shared by reference between caches. */
export interface EncoderKeyValues {
  readonly sources: number;
  readonly bytes: number;
  dispose(): void;
}

/** A matrix that lives on an engine: float32, row-major. Valid until disposed. */
export interface EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  /** All values, or those of some rows, as a copy that the caller owns: [rows * columns]. */
  read(rows?: readonly number[]): Promise<Float32Array>;
  /**
   * The result of `work` on this matrix as a TF.js tensor, as a matrix of the same engine. `work` runs inside `tf.tidy`, on
   * `engine.tensorBackend`. Absent without TF.js.
   */
  map?(work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D): EngineMatrix;
  /**
   * The same matrix with tokens removed: row i keeps those whose bit in masks[i] is set (lowest bit first), the others become
   * -Infinity. The masks are uploaded, and nothing is read back. Absent where reading back is cheap.
   */
  mask?(masks: readonly Uint32Array[]): EngineMatrix;
  /**
   * The same matrix with only the largest of each row, on ties the lower columns; the others become -Infinity. A row with NaN, with
   * +Infinity or with nothing but -Infinity is unchanged. Nothing is read back. Absent where reading back is cheap.
   */
  keep?(rule: KeepRule): EngineMatrix;
  /** The same matrix with an edit. Removed tokens stay removed, NaN stays NaN. Nothing is read back. Absent where reading back is cheap. */
  edit?(edit: LogitEdit): EngineMatrix;
  /**
   * Choose one column per row, [rows], and read back only that. With keys, one per row: the column that `sampleToken` draws, which
   * has the largest sum of logit and `gumbelNoise`; in float32, so that it may differ where the two largest sums are within rounding.
   * Without: the largest, on ties the first. -1 for a row with NaN, with +Infinity, or with nothing but -Infinity. A removed token is
   * never chosen. Absent where reading back is cheap.
   */
  choose?(keys: readonly DrawKey[] | undefined): Promise<Int32Array>;
  /**
   * The same choice without waiting for it, so that the device can already compute the next step from it: see `RunOptions.ids`.
   * Absent where that gains nothing.
   */
  chooseAhead?(keys: readonly DrawKey[] | undefined): PendingChoice;
  /** The `count` largest per row, the values of `ids`, and the log-sum-exp, without reading the whole row. */
  top?(count: number, ids: readonly number[]): Promise<readonly TopOfRow[]>;
  dispose(): void;
}

/**
 * Which tokens of a row stay:
 * - `top`: this many of the largest.
 * - `mass`: the largest until their probabilities, softmax(row), add up to it; in [0, 1], at least one token, 1 keeps all.
 * - `share`: those with at least this share of the largest probability, up to float32 rounding; in [0, 1], 0 keeps all.
 */
export type KeepRule = { readonly top: number } | { readonly mass: number } | { readonly share: number };

/** A change of logits as data: all divided by a number above 0, or some tokens per row changed. */
export type LogitEdit = { readonly divide: number } | { readonly tokens: readonly TokenEdits[] };

/** Changes of some tokens of one row: l -> l / factor, or l * factor when l is negative; then the amount is subtracted. */
export interface TokenEdits {
  /** Distinct ids. */
  readonly ids: Int32Array;
  /** Above 0; 1 changes nothing. */
  readonly factor: number;
  /** By id, in the order of `ids`. Default 0. */
  readonly amounts?: Float32Array;
}

/** Columns that `EngineMatrix.chooseAhead` chose on the device. The host reads them later. */
export interface PendingChoice {
  readonly rows: number;
  /** The columns, as `EngineMatrix.choose` gives them; undefined until they have been read. */
  readonly ids: Int32Array | undefined;
  /** Waits for the device. [rows] */
  read(): Promise<Int32Array>;
  dispose(): void;
}

/** The largest logits of one row, from {@link EngineMatrix.top}. */
export interface TopOfRow {
  /** Ids by descending value, on ties the lower id first. */
  readonly ids: Int32Array;
  /** Their logits. */
  readonly values: Float32Array;
  /** Logits of the requested ids, in that order. */
  readonly named: Float32Array;
  /** ln(sum(exp(row))). */
  readonly logSumExp: number;
}
