import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Architecture, EncoderDecoderArchitecture } from './operations.ts';

/**
 * The engine seam, machine side: something that can hold weights and run a model's forward pass over a frame.
 * An engine is used through `createModel`; nothing above it sees its memory.
 */
export interface Engine extends AsyncDisposable {
  /** For messages and reports: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /**
   * The name of the TF.js backend on which `EngineMatrix.tensor` gives tensors, or undefined when there is none. Samplers
   * that only have a device form need one.
   */
  readonly tensorBackend: string | undefined;
  /** True when reading logits back is dear (a GPU), so that stages should run on the device where they can. */
  readonly readbackIsExpensive: boolean;
  /** What the engine does without on this machine, one sentence each: threads that a page forbids, caches that cannot be written in place. */
  readonly notices?: readonly string[];
  /** Load the weights and make the model's forward pass ready to run. A failure leaves nothing allocated. */
  prepare<C, P>(
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    weights: WeightSource,
    options?: PrepareOptions,
  ): Promise<Executable>;
  /** What the engine holds now: weights, caches and results that are not yet disposed. */
  memory(): EngineMemory;
  /**
   * Release the engine and everything on it. Models and caches on it need not be disposed before; disposing them afterwards does
   * nothing, and using them throws DisposedError. A second call does nothing.
   */
  dispose(): Promise<void>;
  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface EngineMemory {
  readonly bytes: number;
  /** Tensors or buffers. */
  readonly buffers: number;
}

export interface PrepareOptions {
  /** Called as weights arrive; both numbers are bytes as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** A checkpoint: named tensors that are read one at a time. */
export interface WeightSource {
  /** Names the file or folder in errors. */
  readonly name: string;
  /** The tensors, in the order in which reading is cheapest. */
  names(): readonly string[];
  /** Shape of a tensor, or undefined when the checkpoint lacks it. */
  shape(name: string): readonly number[] | undefined;
  /** The values, row-major, as float32. */
  read(name: string): Promise<Float32Array>;
  /**
   * The values of some rows of a tensor, by its first dimension, as float32. Sources that can read a part of a tensor have it,
   * so that an engine need not hold the largest tensors whole.
   */
  readRows?(name: string, first: number, count: number): Promise<Float32Array>;
  /** Bytes of a tensor as stored; for progress. */
  bytes(name: string): number;
}

/**
 * What is fed: a flat list of N tokens, each of which knows its row and place. Prefill, decoding, ragged batches, beams
 * and speculation are the same call with other lists. There is no padding and no mask. Tokens of a row stand together,
 * in order.
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
  /** First slot that the token may see, [N]. */
  readonly firsts: Int32Array;
  /** The tokens, by index in the frame, whose logits are wanted, ascending, [S]. */
  readonly scored: Int32Array;
}

export interface RunOptions {
  /** Return the last hidden state of every token, after the final norm. */
  readonly hidden?: boolean;
  /** Return the logits that the head gives for the hidden state after so many layers, for the scored tokens. */
  readonly earlyExits?: readonly number[];
  /** The tokens of the frame, in its order, in place of `Frame.ids`: chosen on this engine, and perhaps not yet known to the host. */
  readonly ids?: Choice;
  /** Which source each cache row reads, with the memory that holds them; for encoder-decoder models. */
  readonly sources?: { readonly memory: EncoderKeyValues; readonly ofRow: Int32Array };
}

/** A model on an engine, ready to run. Calls are synchronous and read nothing back. */
export interface Executable {
  readonly engine: Engine;
  /** Bytes of the weights as the engine holds them. */
  readonly weightBytes: number;
  /** Most tokens that one frame may hold; longer input is fed in several. */
  readonly maxTokens: number;
  createStore(rows: number, kind: CacheKind): KVStore;
  /** Feed a frame. The store has grown by its tokens afterwards; when this throws, the caller truncates it back. */
  run(frame: Frame, store: KVStore, options?: RunOptions): RunResult;
  /** Encoder-decoder models: source tokens -> encoder output, [N, width]. Rows of the frame are the sources. */
  encode?(frame: Frame): EngineMatrix;
  /** Encoder output of every source, [N, width], and which rows of it belong to which source -> cross-attention memory. */
  encodeKeyValues?(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues;
  dispose(): void;
}

/** How keys and values are held. Engines refuse what they lack with a typed error. */
export type CacheKind =
  | { readonly kind: 'static' }
  | { readonly kind: 'dynamic' }
  | { readonly kind: 'f16' }
  | { readonly kind: '8-bit' }
  | { readonly kind: 'window'; readonly size: number; readonly sinks?: number };

export interface RunResult {
  /** [S, vocabSize]. */
  readonly logits: EngineMatrix;
  /** [N, width], when asked for. */
  readonly hidden?: EngineMatrix;
  /** [S, vocabSize] by layer, when asked for. */
  readonly earlyExits?: ReadonlyMap<number, EngineMatrix>;
}

/** Keys and values of some rows, where the engine keeps them. The bookkeeping around it is `KVCache`'s. */
export interface KVStore {
  readonly rows: number;
  /** Bytes in use. What forks share is counted once by the engine, and in each of them here. */
  readonly bytes: number;
  /** Row i becomes what row rows[i] was; rows may be repeated or left out. */
  gather(rows: readonly number[]): void;
  /** Forget the slots of each row from lengths[row] on. */
  truncate(lengths: readonly number[]): void;
  /** A store of its own that starts equal; nothing that is equal is copied. */
  fork(): KVStore;
  /** Keys and values of a row in one layer, each [slots, kvHeads * headDim], float32. */
  read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }>;
  /** Append slots to a row in one layer; the inverse of `read`. */
  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void;
  dispose(): void;
}

/** Cross-attention keys and values of a batch of sources, shared by reference between caches. */
export interface EncoderKeyValues {
  readonly sources: number;
  readonly bytes: number;
  dispose(): void;
}

/** The operations of TensorFlow.js, as `import * as tf from '@tensorflow/tfjs-core'` gives them. */
export type TensorFlow = typeof import('@tensorflow/tfjs-core');

/** A matrix that lives on an engine: float32, row-major. Valid until disposed. */
export interface EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  /** All values, or those of some rows, as a copy that the caller owns: [rows * columns]. */
  read(rows?: readonly number[]): Promise<Float32Array>;
  /**
   * The same matrix as a TF.js tensor that the caller owns and disposes, on `engine.tensorBackend`; absent when the
   * engine has none.
   */
  tensor?(): Tensor2D;
  /** What `work` makes of that tensor, as a matrix of the same engine; `work` runs inside `tf.tidy`. Absent like `tensor`. */
  map?(work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D): EngineMatrix;
  /**
   * The same matrix with tokens removed: row i keeps those whose bit in masks[i] is set (lowest bit first), the others become
   * -Infinity. The masks are uploaded; nothing is read back. Absent where reading is cheap.
   */
  mask?(masks: readonly Uint32Array[]): EngineMatrix;
  /**
   * The same matrix with only the largest of each row left, of equals the lower columns, the others become -Infinity. A row with NaN,
   * with +Infinity or with nothing but -Infinity stays as it is. Nothing is read back. Absent where reading is cheap.
   */
  keep?(what: Kept): EngineMatrix;
  /** The same matrix with an edit. Removed tokens stay removed, NaN stays NaN. Nothing is read back. Absent where reading is cheap. */
  edit?(edit: LogitEdit): EngineMatrix;
  /**
   * Choose a column of each row, [rows], and read back only that: with uniform numbers the first at which the running sum of
   * softmax(row) exceeds it, without any the largest (of equals the first). -1 for a row with NaN, with +Infinity, or with nothing
   * but -Infinity. A removed token is never chosen. Absent where reading is cheap.
   */
  choose?(uniforms: readonly number[] | undefined): Promise<Int32Array>;
  /**
   * The same choice, begun at once and known later, so that the next step can follow it on the device: see `RunOptions.ids`. Absent
   * where nothing is gained.
   */
  pick?(uniforms: readonly number[] | undefined): Choice;
  /** The `count` largest of each row, the values of `ids`, and the log-sum-exp, without reading the whole row. */
  top?(count: number, ids: readonly number[]): Promise<readonly TopOfRow[]>;
  dispose(): void;
}

/**
 * Which of the largest stay: so many; as many as it takes until their probability, softmax(row), sums up to `mass` (in [0, 1], one at
 * least; 1 keeps all); or those with at least a `share` (in [0, 1]; 0 keeps all) of the largest probability.
 */
export type Kept = { readonly top: number } | { readonly mass: number } | { readonly share: number };

/** A change of logits said as data: all divided by a number above 0, or some tokens of each row changed. */
export type LogitEdit = { readonly divide: number } | { readonly tokens: readonly TokenEdits[] };

/** Changes of some tokens of a row: l -> l / factor, or l * factor when l is negative; then an amount is subtracted. */
export interface TokenEdits {
  /** Each id once. */
  readonly ids: Int32Array;
  /** Above 0; 1 changes nothing. */
  readonly factor: number;
  /** By id, in the order of `ids`. Default 0. */
  readonly amounts?: Float32Array;
}

/** Columns that were chosen by `EngineMatrix.pick`, on their way to the host. */
export interface Choice {
  readonly rows: number;
  /** What was chosen, as `EngineMatrix.choose` gives it; undefined until it has been read. */
  readonly ids: Int32Array | undefined;
  read(): Promise<Int32Array>;
  dispose(): void;
}

export interface TopOfRow {
  /** Ids by falling value; of equal values the lower id first. */
  readonly ids: Int32Array;
  readonly values: Float32Array;
  /** Values of the ids that were asked for, in that order. */
  readonly named: Float32Array;
  /** ln(sum(exp(row))). */
  readonly logSumExp: number;
}
