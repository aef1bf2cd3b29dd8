/**
 * The engine seam, model side: a model architecture is a function over these operations. Operands are opaque handles
 * (`X` for activations, `W` for weights); only an engine knows what is behind them. An engine may execute each call at
 * once (the reference does), or record the calls, compile the list and replay it.
 *
 * Shapes: N tokens in the frame; every activation is [N, columns], float32 in meaning whatever the engine computes in.
 */

/** Element-wise functions that may follow a linear map. `gelu` uses erf, `gelu-tanh` the tanh form (GPT-2's `gelu_new`). */
export type Activation = 'gelu' | 'gelu-tanh' | 'silu' | 'relu';

export interface EmbedOptions<W> {
  /** A second table, indexed by position id and added. */
  readonly positions?: W;
  /** Added to a position id before the look-up (OPT and BART keep two unused rows in front). Default 0. */
  readonly positionOffset?: number;
  /** Factor on the token's row, before positions are added. Default 1. */
  readonly scale?: number;
}

export interface NormOptions<W> {
  /** `layer`: subtract the mean, divide by the standard deviation. `rms`: divide by the root mean square. */
  readonly kind: 'layer' | 'rms';
  /** [columns], or [columns / groups] when grouped. */
  readonly weight: W;
  /** [columns]; only for `layer`. */
  readonly bias?: W;
  /** Added to the variance or the mean square. */
  readonly epsilon: number;
  /** Normalize this many equal column groups apart: one per head for query and key norms. Default 1. */
  readonly groups?: number;
}

export interface LinearOptions<X, W> {
  /** [outputs]. */
  readonly bias?: W;
  readonly activation?: Activation;
  /** [N, outputs], added last. */
  readonly residual?: X;
}

export interface RotaryOptions<W> {
  readonly headDim: number;
  /** [positions, rotated]: cosines of the rotated / 2 angles of a position, then their sines. */
  readonly table: W;
  /** How many leading dimensions of each head are rotated, even. Default headDim. */
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

export interface AttendOptions<W> {
  /** Which layer of the cache: 0-based, each used by one `attend` of a forward pass. */
  readonly layer: number;
  readonly heads: number;
  /** Key and value heads; heads / kvHeads query heads share one. */
  readonly kvHeads: number;
  /** Factor on the dot products. Default 1 / sqrt(head dimension). */
  readonly scale?: number;
  /** scores = softcap * tanh(scores / softcap). Off when absent. */
  readonly softcap?: number;
  /** A token sees itself and the window - 1 slots before it. Off when absent. */
  readonly window?: number;
  readonly bias?: RelativeBias<W>;
  /**
   * `causal` (default): keys and values are appended to the cache and a token sees the slots up to its own.
   * `bidirectional`: the tokens of a row see each other, and no cache is involved (encoders).
   */
  readonly direction?: 'causal' | 'bidirectional';
}

export interface CrossAttendOptions {
  /** Which layer of the source memory that `remember` filled. */
  readonly layer: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Default 1 / sqrt(head dimension). */
  readonly scale?: number;
}

/** What a forward pass is written in. */
export interface Operations<X, W> {
  /** Rows of `table` for the frame's ids: -> [N, columns of the table]. A `matrix` that `linear` uses is accepted too. */
  embed(table: W, options?: EmbedOptions<W>): X;
  norm(x: X, options: NormOptions<W>): X;
  /** x [N, inputs] -> activation(x W + bias) + residual, [N, outputs]. */
  linear(x: X, weight: W, options?: LinearOptions<X, W>): X;
  /** x [N, inputs] -> activation(x Gate) * (x Up), [N, outputs / 2]; `gateUp` was requested with use 'gateUp'. */
  gated(x: X, gateUp: W, activation: Activation): X;
  /** Column views of x, left to right; the widths add up to its columns. */
  split(x: X, widths: readonly number[]): X[];
  /** x [N, heads * headDim], each head turned by the angle of its token's position id. */
  rotary(x: X, options: RotaryOptions<W>): X;
  /** q [N, heads * headDim], k and v [N, kvHeads * headDim] -> [N, heads * headDim]. */
  attend(q: X, k: X, v: X, options: AttendOptions<W>): X;
  /** Cross-attention: q over what `remember` stored for the row's source. */
  crossAttend(q: X, options: CrossAttendOptions): X;
  /** Store keys and values of the frame's tokens, [N, kvHeads * headDim] each, as a layer of the source memory. */
  storeEncoderKeyValues(k: X, v: X, options: { readonly layer: number; readonly kvHeads: number }): void;
  add(x: X, y: X): X;
  /** x * factor. */
  scale(x: X, factor: number): X;
  /** cap * tanh(x / cap). */
  softcap(x: X, cap: number): X;
  /**
   * Rows of `table` for the frame's position ids plus `offset`: -> [N, columns of the table]. For tables that cannot be
   * added within `embed` because tokens have another width.
   */
  positions(table: W, offset: number): X;
  /** x * y, element by element. For gates with a bias. */
  multiply(x: X, y: X): X;
  /** Name x as the hidden state after `layer` layers (0 = the embeddings), for early exits. Costs nothing unless asked for. */
  tap(x: X, layer: number): void;
}

/** Where the numbers of a matrix stand in a checkpoint. */
export interface MatrixShape {
  readonly inputs: number;
  /** Outputs of each part: one entry a projection (q, k, v), or gate and up. */
  readonly outputs: readonly number[];
  /**
   * `output-input` (default): a row per output, as torch's Linear stores it. `input-output`: a row per input (GPT-2's Conv1D).
   */
  readonly layout?: 'output-input' | 'input-output';
  /**
   * `stack` (default): the parts side by side. `gateUp`: two equal parts, gate then up, for `gated`.
   * `embedding`: a row per token for `embed`, possibly used by `linear` too when tied.
   */
  readonly use?: 'stack' | 'gateUp' | 'embedding';
  /**
   * Where each output stands in the checkpoint, when that is not its own place: output i is the checkpoint's output
   * order[i], counted over all tensors. For projections that are stored head by head (GPT-NeoX).
   */
  readonly order?: readonly number[];
}

export interface VectorOptions {
  /** Added to each value (Gemma's norms store gain - 1). Default 0. */
  readonly plus?: number;
  /** As `MatrixShape.order`: value i is the checkpoint's value order[i]. */
  readonly order?: readonly number[];
}

/**
 * The engine seam, weight side. An architecture asks for its weights here, so that the engine picks layout and
 * precision. Requests are only noted; the engine reads and uploads them afterwards, one at a time.
 */
export interface Parameters<W> {
  /**
   * A matrix from one tensor, or from several that are stacked along the outputs. When `names` has one entry and
   * `outputs` several, the checkpoint holds the parts in one tensor already.
   */
  matrix(names: readonly string[], shape: MatrixShape): W;
  /** A vector from one tensor, or several end to end. */
  vector(names: readonly string[], lengths: readonly number[], options?: VectorOptions): W;
  /**
   * A table that is computed, not loaded: rotary angles, sinusoidal positions. [rows, width], row-major, a row for each position.
   * `values` gives the rows from `first` on, [count, width]: engines may ask for parts, and for fewer rows than given here
   * where a model is loaded with a shorter context.
   */
  table(values: (first: number, count: number) => Float32Array, rows: number, width: number): W;
}

/** What an engine and a cache must know of a model besides its forward pass. */
export interface Dimensions {
  readonly vocabSize: number;
  /** Largest number of positions of one row. */
  readonly contextLength: number;
  /** Width of the hidden state. */
  readonly width: number;
  /** Number of layers that call `attend` with a cache. */
  readonly layers: number;
  /** Key and value heads, and their size: how much of the cache a position takes. */
  readonly kvHeads: number;
  readonly headDim: number;
}

/** A decoder-only model: its weights and its forward pass, written once for every engine. */
export interface Architecture<C = unknown, P = unknown> {
  /** Value of `model_type` in config.json. */
  readonly name: string;
  /** Read and check config.json. An unknown value that would change the numbers is an error, never a guess. */
  configure(json: Readonly<Record<string, unknown>>): C;
  dimensions(config: C): Dimensions;
  /**
   * Ask for the weights. `has` says whether the checkpoint holds a tensor (a prefix, an optional bias).
   * The same tree is later passed to `forward` and `head`.
   */
  parameters(parameters: Parameters<Weight>, config: C, has: (name: string) => boolean): P;
  /** Ids -> the last hidden state of each token, after the final norm: [N, width]. */
  forward<X>(operations: Operations<X, Weight>, weights: P, config: C): X;
  /** A hidden state [N, width] -> logits [N, vocabSize]. Any layer's may be given. */
  head<X>(operations: Operations<X, Weight>, weights: P, config: C, hidden: X): X;
}

/** An encoder-decoder model: `forward` and `head` are the decoder's, and attend to the source through `recall`. */
export interface EncoderDecoderArchitecture<C = unknown, P = unknown> extends Architecture<C, P> {
  /** Source ids -> encoder output [N, width]; attention is bidirectional. */
  encode<X>(operations: Operations<X, Weight>, weights: P, config: C): X;
  /** Encoder output -> keys and values of every cross-attention layer, through `remember`. */
  encoderKeyValues<X>(operations: Operations<X, Weight>, weights: P, config: C, encoded: X): void;
  /** Longest source, in tokens. */
  sourceLength(config: C): number;
}

declare const weight: unique symbol;
/** A weight as the model sees it: a name for something that the engine holds. */
export interface Weight {
  readonly [weight]?: never;
}
