/**
 * The model side of the engine seam: a model architecture is a function over these operations. Operands are opaque handles (`X` for
 * activations, `W` for weights) that only an engine can read. An engine may execute each call at once, as the reference does, or record
 * the calls, compile the list and replay it.
 *
 * Shapes: N tokens in the frame; every activation is [N, columns], with float32 semantics whatever the engine computes in.
 */

/** An element-wise function after a linear map. `gelu` uses erf, `gelu-tanh` the tanh form (GPT-2's `gelu_new`). */
export type Activation = 'gelu' | 'gelu-tanh' | 'silu' | 'relu';

/** Options of {@link Operations.embed}. */
export interface EmbedOptions<W> {
  /** A second table, indexed by position id, whose rows are added. */
  readonly positions?: W;
  /** Added to a position id before the look-up (OPT and BART have two unused rows in front). Default 0. */
  readonly positionOffset?: number;
  /** Factor on the token's row before positions are added. Default 1. */
  readonly scale?: number;
}

/** Options of {@link Operations.norm}. */
export interface NormOptions<W> {
  /** `layer`: subtract the mean, divide by the standard deviation. `rms`: divide by the root mean square. */
  readonly kind: 'layer' | 'rms';
  /** [columns], or [columns / groups] when grouped. */
  readonly weight: W;
  /** [columns]; only for `layer`. */
  readonly bias?: W;
  /** Added to the variance or the mean square. */
  readonly epsilon: number;
  /** Number of equal column groups that are normalized separately: one per head for query and key norms. Default 1. */
  readonly groups?: number;
}

/** Options of {@link Operations.linear}. */
export interface LinearOptions<X, W> {
  /** [outputs]. */
  readonly bias?: W;
  readonly activation?: Activation;
  /** [N, outputs], added last. */
  readonly residual?: X;
}

/** Options of {@link Operations.rotary}. */
export interface RotaryOptions<W> {
  readonly headDim: number;
  /** [positions, rotated]: the cosines of the rotated / 2 angles of a position, then the sines. */
  readonly table: W;
  /** Number of leading dimensions of each head that are rotated, even. Default headDim. */
  readonly rotated?: number;
  /** `neox` pairs dimension i with i + rotated / 2 (Llama, NeoX), `interleaved` 2i with 2i + 1 (GPT-J). */
  readonly style: 'neox' | 'interleaved';
}

/** T5's learned bias by bucketed distance between query and key positions. */
export interface RelativeBias<W> {
  /** [buckets, heads]. */
  readonly table: W;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly bidirectional: boolean;
}

/** Options of {@link Operations.attend}. */
export interface AttendOptions<W> {
  /** Layer of the cache, 0-based. A forward pass calls `attend` once per layer. */
  readonly layer: number;
  readonly heads: number;
  /** Key and value heads; heads / kvHeads query heads share one. */
  readonly kvHeads: number;
  /** Factor on the dot products. Default 1 / sqrt(head dimension). */
  readonly scale?: number;
  /** scores = softcap * tanh(scores / softcap). Default: off. */
  readonly softcap?: number;
  /** A token sees itself and the window - 1 slots before it. Default: off. */
  readonly window?: number;
  /** Added to the scores. Default: none. */
  readonly bias?: RelativeBias<W>;
  /**
   * `causal` (default): keys and values are appended to the cache, and a token sees the slots up to its own.
   * `bidirectional`: the tokens of a row see each other, without a cache (encoders).
   */
  readonly direction?: 'causal' | 'bidirectional';
}

/** Options of {@link Operations.crossAttend}. */
export interface CrossAttendOptions {
  /** Layer of the encoder keys and values, as given to `storeEncoderKeyValues`. */
  readonly layer: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Default 1 / sqrt(head dimension). */
  readonly scale?: number;
}

/** The operations that a forward pass consists of. */
export interface Operations<X, W> {
  /** Rows of `table` for the frame's ids -> [N, columns of the table]. The table may be a `matrix` that `linear` uses as well. */
  embed(table: W, options?: EmbedOptions<W>): X;
  /** Normalize each token -> [N, columns]. */
  norm(x: X, options: NormOptions<W>): X;
  /** x [N, inputs] -> activation(x W + bias) + residual, [N, outputs]. */
  linear(x: X, weight: W, options?: LinearOptions<X, W>): X;
  /** x [N, inputs] -> activation(x Gate) * (x Up), [N, outputs / 2]; `gateUp` was requested with use 'gateUp'. */
  gated(x: X, gateUp: W, activation: Activation): X;
  /** Column views of x, left to right; the widths add up to its columns. */
  split(x: X, widths: readonly number[]): X[];
  /** x [N, heads * headDim], each head rotated by the angles of its token's position id. */
  rotary(x: X, options: RotaryOptions<W>): X;
  /** q [N, heads * headDim], k and v [N, kvHeads * headDim] -> [N, heads * headDim]. */
  attend(q: X, k: X, v: X, options: AttendOptions<W>): X;
  /** Cross-attention: q [N, heads * headDim] over the encoder keys and values of the row's source -> [N, heads * headDim]. */
  crossAttend(q: X, options: CrossAttendOptions): X;
  /** Store keys and values of the frame's tokens, [N, kvHeads * headDim] each, as a layer of the encoder keys and values. */
  storeEncoderKeyValues(k: X, v: X, options: { readonly layer: number; readonly kvHeads: number }): void;
  /** x + y, element by element. */
  add(x: X, y: X): X;
  /** x * factor. */
  scale(x: X, factor: number): X;
  /** cap * tanh(x / cap). */
  softcap(x: X, cap: number): X;
  /**
   * Rows of `table` for the frame's position ids plus `offset` -> [N, columns of the table]. For tables that `embed` cannot add because
   * the embedding has another width.
   */
  positions(table: W, offset: number): X;
  /** x * y, element by element. For gates with a bias. */
  multiply(x: X, y: X): X;
  /** Declare x as the hidden state after `layer` layers (0 = the embeddings), for early exits. Free unless that layer is requested. */
  tap(x: X, layer: number): void;
}

/** The shape of a matrix, and its layout in the checkpoint. */
export interface MatrixShape {
  readonly inputs: number;
  /** Outputs per part: one entry per projection (q, k, v), or gate and up. */
  readonly outputs: readonly number[];
  /**
   * `output-input` (default): one row per output, as torch's Linear stores it. `input-output`: one row per input (GPT-2's Conv1D).
   */
  readonly layout?: 'output-input' | 'input-output';
  /**
   * `stack` (default): the parts side by side. `gateUp`: two equal parts, gate then up, for `gated`.
   * `embedding`: one row per token for `embed`, and for `linear` when tied.
   */
  readonly use?: 'stack' | 'gateUp' | 'embedding';
  /**
   * The order of the outputs in the checkpoint: output i is the checkpoint's output order[i], counted over all tensors. For projections
   * that are stored head by head (GPT-NeoX). Default: unchanged.
   */
  readonly order?: readonly number[];
}

/** Options of {@link Parameters.vector}. */
export interface VectorOptions {
  /** Added to each value (Gemma's norms store weight - 1). Default 0. */
  readonly plus?: number;
  /** As `MatrixShape.order`: value i is the checkpoint's value order[i]. */
  readonly order?: readonly number[];
}

/**
 * The weight side of the engine seam. An architecture requests its weights here, so that the engine decides layout and precision.
 * Requests are collected first; the engine reads and uploads them afterwards, one at a time.
 */
export interface Parameters<W> {
  /**
   * A matrix from one tensor, or from several that are stacked along the outputs. With one name and several `outputs`, the checkpoint
   * has the parts in one tensor.
   */
  matrix(names: readonly string[], shape: MatrixShape): W;
  /** A vector from one tensor, or from several end to end. */
  vector(names: readonly string[], lengths: readonly number[], options?: VectorOptions): W;
  /**
   * A table that is computed, not loaded: rotary angles, sinusoidal positions. [rows, width], row-major, one row per position. `values`
   * returns the rows from `first` on, [count, width]. An engine may request parts, and fewer rows when a model is loaded with a shorter
   * context: `total` is how many there are then, for tables that depend on the context.
   */
  table(values: (first: number, count: number, total: number) => Float32Array, rows: number, width: number): W;
}

/** The sizes of a model that engines and caches need. */
export interface Dimensions {
  readonly vocabSize: number;
  /** Largest number of positions of one row. */
  readonly contextLength: number;
  /** Width of the hidden state. */
  readonly width: number;
  /** Number of layers that call `attend` with a cache. */
  readonly layers: number;
  /** Key and value heads, and their size. A position takes 2 * kvHeads * headDim numbers per layer in the cache. */
  readonly kvHeads: number;
  readonly headDim: number;
}

/** A decoder-only model: its weights and its forward pass, written once for every engine. */
export interface Architecture<C = unknown, P = unknown> {
  /** Value of `model_type` in config.json. */
  readonly name: string;
  /** Read and check config.json. @throws LoadError for a value that is not supported and would change the results. */
  configure(json: Readonly<Record<string, unknown>>): C;
  dimensions(config: C): Dimensions;
  /**
   * Request the weights. `has` says whether the checkpoint contains a tensor (a prefix, an optional bias). The result is passed to
   * `forward` and `head`.
   */
  parameters(parameters: Parameters<Weight>, config: C, has: (name: string) => boolean): P;
  /** Ids -> the last hidden state of each token, after the final norm: [N, width]. */
  forward<X>(operations: Operations<X, Weight>, weights: P, config: C): X;
  /** A hidden state [N, width], of any layer -> logits [N, vocabSize]. */
  head<X>(operations: Operations<X, Weight>, weights: P, config: C, hidden: X): X;
}

/** An encoder-decoder model: `forward` and `head` are the decoder, which reads the source through `crossAttend`. */
export interface EncoderDecoderArchitecture<C = unknown, P = unknown> extends Architecture<C, P> {
  /** Source ids -> encoder output [N, width]; attention is bidirectional. */
  encode<X>(operations: Operations<X, Weight>, weights: P, config: C): X;
  /** Encoder output -> keys and values of every cross-attention layer, through `storeEncoderKeyValues`. */
  encoderKeyValues<X>(operations: Operations<X, Weight>, weights: P, config: C, encoded: X): void;
  /** Longest source, in tokens. */
  sourceLength(config: C): number;
  /**
   * Number of tokens in the vocabulary of the sources, for a model whose sources and outputs have different ones. Absent or undefined when
   * they share one.
   */
  sourceVocabSize?(config: C): number | undefined;
}

declare const weight: unique symbol;
/** A weight as an architecture sees it: a handle for numbers that the engine holds. */
export interface Weight {
  readonly [weight]?: never;
}
