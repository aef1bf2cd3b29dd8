import * as tf from '@tensorflow/tfjs-core';
import type { Frame } from '../engine/engine.ts';
import type {
  Activation,
  AttendOptions,
  CrossAttendOptions,
  EmbedOptions,
  LinearOptions,
  NormOptions,
  Operations,
  RelativeBias,
  RotaryOptions,
  Weight,
} from '../engine/operations.ts';
import { bucketsOf } from '../engine/relative-position.ts';
import { firstInWindow } from '../engine/sliding-window.ts';
import { ShapeError } from '../errors.ts';
import type { KeysAndValues, TensorStore } from './store.ts';
import type { TensorWeights } from './weights.ts';

type X = tf.Tensor2D;

/** Inputs and outputs of the operations of one pass, except the weights. */
export interface Pass {
  readonly frame: Frame;
  /** The store of the keys and values of causal attention; absent in an encoder. */
  readonly store?: TensorStore;
  /** Cross-attention keys and values of a layer for the source of a cache row. */
  encoderKeyValues?(layer: number, row: number): KeysAndValues;
  /** Receives the keys and values of an encoder. */
  storeEncoderKeyValues?(layer: number, row: number, content: KeysAndValues): void;
  /** Hidden states after the requested layers; undefined until the layer has run. */
  readonly taps: Map<number, X | undefined>;
}

/**
 * The operations in public TF.js functions, executed at once on the current backend. Correctness takes priority over
 * speed.
 */
export class TensorOperations implements Operations<X, Weight> {
  readonly #weights: TensorWeights;
  readonly #pass: Pass;
  readonly #segments: readonly Segment[];
  readonly #masks: Map<string, tf.Tensor2D | undefined> = new Map();
  readonly #biases: Map<Weight, Map<Segment, tf.Tensor3D>> = new Map();
  #ids: tf.Tensor1D | undefined;
  #positions: Map<number, tf.Tensor1D> = new Map();

  constructor(weights: TensorWeights, pass: Pass) {
    this.#weights = weights;
    this.#pass = pass;
    this.#segments = segmentsOf(pass.frame.rows);
  }

  embed(table: Weight, { positions, positionOffset = 0, scale = 1 }: EmbedOptions<Weight> = {}): X {
    this.#ids ??= tf.tensor1d(this.#pass.frame.ids, 'int32');
    let x = tf.gather(this.#weights.matrix(table), this.#ids);
    if (scale !== 1) x = tf.mul(x, scale);
    if (positions === undefined) return x;
    return tf.add(x, tf.gather(this.#weights.matrix(positions), this.#positionIds(positionOffset)));
  }

  norm(x: X, { kind, weight, bias, epsilon, groups = 1 }: NormOptions<Weight>): X {
    const [tokens, columns] = x.shape;
    const grouped = groups === 1 ? x : tf.reshape(x, [tokens, groups, columns / groups]);
    const centered = kind === 'layer' ? tf.sub(grouped, tf.mean(grouped, -1, true)) : grouped;
    const variance: tf.Tensor = tf.mean(tf.square(centered), -1, true);
    const scaled = tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon))), this.#weights.vector(weight));
    const result = bias === undefined ? scaled : tf.add(scaled, this.#weights.vector(bias));
    return (groups === 1 ? result : tf.reshape(result as tf.Tensor2D, [tokens, columns])) as X;
  }

  linear(x: X, weight: Weight, { bias, activation, residual }: LinearOptions<X, Weight> = {}): X {
    const matrix = this.#rightSide(weight, x.shape[1]);
    let y: X = tf.matMul(x, matrix);
    // tf.fused.matMul would turn both sides and the result into three-dimensional tensors, which costs more than an addition.
    if (bias !== undefined) y = tf.add(y, this.#weights.vector(bias));
    if (activation !== undefined) y = activate(y, activation);
    return residual === undefined ? y : tf.add(y, residual);
  }

  gated(x: X, gateUp: Weight, activation: Activation): X {
    const both = tf.matMul(x, this.#weights.matrix(gateUp));
    const [gate, up] = tf.split(both, 2, 1) as [X, X];
    return tf.mul(activate(gate, activation), up);
  }

  split(x: X, widths: readonly number[]): X[] {
    return tf.split(x, [...widths], 1) as X[];
  }

  rotary(x: X, { headDim, table, rotated = headDim, style }: RotaryOptions<Weight>): X {
    const [tokens, columns] = x.shape;
    const heads = columns / headDim;
    const half = rotated / 2;
    const angles = tf.gather(this.#weights.matrix(table), this.#positionIds(0));
    const [cosines, sines] = tf.split(tf.reshape(angles, [tokens, 1, rotated]), 2, 2) as [tf.Tensor3D, tf.Tensor3D];
    const headed = tf.reshape(x, [tokens, heads, headDim]);
    const turned = rotated === headDim ? headed : tf.slice(headed, [0, 0, 0], [tokens, heads, rotated]);
    let result: tf.Tensor3D;
    if (style === 'neox') {
      const [a, b] = tf.split(turned, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
      const real: tf.Tensor3D = tf.sub(tf.mul(a, cosines), tf.mul(b, sines));
      const imaginary: tf.Tensor3D = tf.add(tf.mul(b, cosines), tf.mul(a, sines));
      result = tf.concat([real, imaginary], 2);
    } else {
      const paired = tf.reshape(turned, [tokens, heads, half, 2]);
      const [a, b] = tf.split(paired, 2, 3).map((part) => tf.reshape(part, [tokens, heads, half])) as [
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const real: tf.Tensor3D = tf.sub(tf.mul(a, cosines), tf.mul(b, sines));
      const imaginary: tf.Tensor3D = tf.add(tf.mul(b, cosines), tf.mul(a, sines));
      result = tf.reshape(tf.stack([real, imaginary], 3) as tf.Tensor4D, [tokens, heads, rotated]);
    }
    if (rotated < headDim)
      result = tf.concat(
        [result, tf.slice(headed, [0, 0, rotated], [tokens, heads, headDim - rotated]) as tf.Tensor3D],
        2,
      );
    return tf.reshape(result, [tokens, columns]);
  }

  attend(q: X, k: X, v: X, options: AttendOptions<Weight>): X {
    const { layer, heads, kvHeads, softcap, bias, window, direction = 'causal' } = options;
    const outputs = this.#segments.map((segment) => {
      const { row } = segment;
      const keys = headed(rowsOf(k, segment), kvHeads);
      const values = headed(rowsOf(v, segment), kvHeads);
      const all = direction === 'causal' ? this.#pass.store!.append(row, layer, keys, values) : { keys, values };
      return attention(rowsOf(q, segment), all, {
        heads,
        scale: options.scale,
        softcap,
        mask: direction === 'causal' ? this.#mask(segment, all.keys.shape[1], window) : undefined,
        bias: bias && this.#bias(segment, all.keys.shape[1], bias, direction),
      });
    });
    return outputs.length === 1 ? outputs[0]! : tf.concat(outputs, 0);
  }

  crossAttend(q: X, { layer, heads, scale }: CrossAttendOptions): X {
    const outputs = this.#segments.map((segment) =>
      attention(rowsOf(q, segment), this.#pass.encoderKeyValues!(layer, segment.row), { heads, scale }),
    );
    return outputs.length === 1 ? outputs[0]! : tf.concat(outputs, 0);
  }

  storeEncoderKeyValues(k: X, v: X, { layer, kvHeads }: { readonly layer: number; readonly kvHeads: number }): void {
    for (const segment of this.#segments)
      this.#pass.storeEncoderKeyValues!(layer, segment.row, {
        keys: headed(rowsOf(k, segment), kvHeads),
        values: headed(rowsOf(v, segment), kvHeads),
      });
  }

  add(x: X, y: X): X {
    return tf.add(x, y);
  }

  scale(x: X, factor: number): X {
    return tf.mul(x, factor);
  }

  softcap(x: X, cap: number): X {
    return tf.mul(tf.tanh(tf.div(x, cap)), cap) as X;
  }

  positions(table: Weight, offset: number): X {
    return tf.gather(this.#weights.matrix(table), this.#positionIds(offset));
  }

  multiply(x: X, y: X): X {
    return tf.mul(x, y);
  }

  tap(x: X, layer: number): void {
    if (this.#pass.taps.has(layer)) this.#pass.taps.set(layer, x);
  }

  /** An embedding is stored by token, so a linear map with it (a tied head) uses its transpose. */
  #rightSide(weight: Weight, inputs: number): tf.Tensor2D {
    return this.#weights.isEmbedding(weight)
      ? this.#weights.transposedMatrix(weight)
      : checked(this.#weights.matrix(weight), inputs);
  }

  #positionIds(offset: number): tf.Tensor1D {
    let ids = this.#positions.get(offset);
    if (ids === undefined) {
      ids = tf.tensor1d(
        offset === 0 ? this.#pass.frame.positions : this.#pass.frame.positions.map((p) => p + offset),
        'int32',
      );
      this.#positions.set(offset, ids);
    }
    return ids;
  }

  /** [T, C]: 0 where a token may attend, -1e9 elsewhere; undefined when it may attend everywhere. */
  #mask({ start, end }: Segment, capacity: number, window = Infinity): tf.Tensor2D | undefined {
    const { slots } = this.#pass.frame;
    const key = `${start} ${capacity} ${window}`;
    if (this.#masks.has(key)) return this.#masks.get(key);
    const values = new Float32Array((end - start) * capacity);
    let masked = false;
    for (let token = start; token < end; token++) {
      const first = firstInWindow(slots[token]!, window);
      for (let slot = 0; slot < capacity; slot++)
        if (slot < first || slot > slots[token]!) {
          values[(token - start) * capacity + slot] = -1e9;
          masked = true;
        }
    }
    const mask = masked ? tf.tensor2d(values, [end - start, capacity]) : undefined;
    this.#masks.set(key, mask);
    return mask;
  }

  /**
   * [heads, T, C]; layers that share a table share the result. Keys of a cache are at positions 0, 1, 2 …; those of an encoder at
   * the positions of its tokens.
   */
  #bias(
    segment: Segment,
    capacity: number,
    bias: RelativeBias<Weight>,
    direction: 'causal' | 'bidirectional',
  ): tf.Tensor3D {
    const ofSegments = this.#biases.get(bias.table) ?? new Map<Segment, tf.Tensor3D>();
    this.#biases.set(bias.table, ofSegments);
    let result = ofSegments.get(segment);
    if (result === undefined || result.shape[2] !== capacity) {
      const queries = this.#pass.frame.positions.subarray(segment.start, segment.end);
      const keys = direction === 'causal' ? Int32Array.from({ length: capacity }, (_, slot) => slot) : queries;
      const buckets = bucketsOf(queries, keys, bias);
      const rows = tf.gather(this.#weights.matrix(bias.table), tf.tensor1d(buckets, 'int32'));
      result = tf.transpose(tf.reshape(rows, [queries.length, capacity, rows.shape[1]!]), [2, 0, 1]) as tf.Tensor3D;
      ofSegments.set(segment, result);
    }
    return result;
  }
}

/** The tokens start..end of a frame belong to one row. */
interface Segment {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

function segmentsOf(rows: Int32Array): Segment[] {
  const segments: Segment[] = [];
  for (let start = 0; start < rows.length; ) {
    let end = start + 1;
    while (end < rows.length && rows[end] === rows[start]) end++;
    segments.push({ row: rows[start]!, start, end });
    start = end;
  }
  return segments;
}

function rowsOf(x: X, { start, end }: Segment): X {
  return start === 0 && end === x.shape[0] ? x : tf.slice(x, [start, 0], [end - start, x.shape[1]]);
}

/** [T, heads * D] -> [heads, T, D]. */
function headed(x: X, heads: number): tf.Tensor3D {
  const [tokens, columns] = x.shape;
  if (tokens === 1) return tf.reshape(x, [heads, 1, columns / heads]);
  return tf.transpose(tf.reshape(x, [tokens, heads, columns / heads]), [1, 0, 2]);
}

/** x itself when it already has that shape: even a reshape has a cost. */
function shaped(x: tf.Tensor, shape: [number, number, number]): tf.Tensor3D {
  const same = x.shape.length === 3 && shape.every((size, axis) => x.shape[axis] === size);
  return same ? (x as tf.Tensor3D) : tf.reshape(x, shape);
}

/** q [T, heads * D] over keys and values [kvHeads, C, D] -> [T, heads * D]. */
function attention(
  q: X,
  { keys, values }: KeysAndValues,
  options: {
    heads: number;
    scale?: number | undefined;
    softcap?: number | undefined;
    mask?: tf.Tensor2D | undefined;
    bias?: tf.Tensor3D | undefined;
  },
): X {
  const { heads, softcap, mask, bias } = options;
  const tokens = q.shape[0];
  const [kvHeads, capacity, size] = keys.shape;
  const scale = options.scale ?? 1 / Math.sqrt(size);
  const scaled = scale === 1 ? q : tf.mul(q, scale);
  // Query heads that share a key head become additional rows of its matrix product.
  const rows = (heads / kvHeads) * tokens;
  const queries = shaped(headed(scaled as X, heads), [kvHeads, rows, size]);
  let scores: tf.Tensor = tf.matMul(queries, keys, false, true);
  if (softcap !== undefined) scores = tf.mul(tf.tanh(tf.div(scores, softcap)), softcap);
  if (mask !== undefined || bias !== undefined) {
    scores = shaped(scores, [heads, tokens, capacity]);
    if (bias !== undefined) scores = tf.add(scores, bias);
    if (mask !== undefined) scores = tf.add(scores, mask);
    scores = shaped(scores, [kvHeads, rows, capacity]);
  }
  // The wasm backend packs a right-side matrix once and keeps the copy, which would miss later writes to a cache.
  const read = kvHeads === 1 ? tf.slice(values, [0, 0, 0], [1, capacity, size]) : values;
  const mixed = tf.matMul(tf.softmax(scores as tf.Tensor3D), read);
  if (tokens === 1) return tf.reshape(mixed, [1, heads * size]);
  return tf.reshape(tf.transpose(shaped(mixed, [heads, tokens, size]), [1, 0, 2]), [tokens, heads * size]);
}

function activate(x: X, activation: Activation): X {
  switch (activation) {
    case 'relu':
      return tf.relu(x);
    case 'silu':
      return tf.mul(x, tf.sigmoid(x));
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'gelu-tanh': {
      // (1 + tanh(u)) / 2 = sigmoid(2u), with fewer operations.
      const slope = 2 * Math.sqrt(2 / Math.PI);
      return tf.mul(x, tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715 * slope), slope))));
    }
  }
}

function checked(matrix: tf.Tensor2D, inputs: number): tf.Tensor2D {
  if (matrix.shape[0] !== inputs) throw new ShapeError('The left side of a linear map', [matrix.shape[0]], [inputs]);
  return matrix;
}
