/**
 * Building blocks of the reference forms, in float64 and by their definitions: loops over arrays, without code of the library and
 * without a cache. A text is a list of vectors, one per position.
 */

export type Vector = Float64Array;
export type Text = readonly Vector[];
export type Json = Readonly<Record<string, unknown>>;

/** A tensor of the checkpoint by its name, row-major. */
export type Tensors = (name: string) => Vector;

/** The logits of each position of a text: a family by its published definition. */
export type Family = (config: Json, tensors: Tensors, ids: readonly number[]) => Text;

/** Row `index` of a matrix [rows, width]. */
export function row(matrix: Vector, index: number, width: number): Vector {
  return matrix.slice(index * width, (index + 1) * width);
}

/** weight [outputs, inputs] times x, plus bias. */
export function linear(x: Text, weight: Vector, bias?: Vector): Text {
  return x.map((vector) => {
    const outputs = weight.length / vector.length;
    const result = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let sum = bias === undefined ? 0 : bias[o]!;
      for (let i = 0; i < vector.length; i++) sum += weight[o * vector.length + i]! * vector[i]!;
      result[o] = sum;
    }
    return result;
  });
}

export function add(x: Text, y: Text): Text {
  return x.map((vector, t) => vector.map((value, i) => value + y[t]![i]!));
}

export function multiply(x: Text, y: Text): Text {
  return x.map((vector, t) => vector.map((value, i) => value * y[t]![i]!));
}

export function layerNorm(x: Text, gain: Vector, bias: Vector, epsilon: number): Text {
  return x.map((vector) => {
    let mean = 0;
    for (const value of vector) mean += value / vector.length;
    let variance = 0;
    for (const value of vector) variance += (value - mean) ** 2 / vector.length;
    return vector.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * gain[i]! + bias[i]!);
  });
}

export function rmsNorm(x: Text, gain: Vector, epsilon: number): Text {
  return x.map((vector) => {
    let square = 0;
    for (const value of vector) square += value ** 2 / vector.length;
    return vector.map((value, i) => (value / Math.sqrt(square + epsilon)) * gain[i]!);
  });
}

/** The norm of each head's part of a vector, all with the same weight. */
export function headwise(x: Text, size: number, norm: (part: Text) => Text): Text {
  return x.map((vector) => {
    const result = new Float64Array(vector.length);
    for (let first = 0; first < vector.length; first += size)
      result.set(norm([vector.slice(first, first + size)])[0]!, first);
    return result;
  });
}

/** 1 + each value: Gemma stores its norm weights minus 1. */
export function onePlus(gain: Vector): Vector {
  return gain.map((value) => 1 + value);
}

/** Columns from .. to of each position. */
export function columns(x: Text, from: number, to: number): Text {
  return x.map((vector) => vector.slice(from, to));
}

export function activate(x: Text, name: string): Text {
  return x.map((vector) => vector.map((value) => activation(value, name)));
}

function activation(x: number, name: string): number {
  if (name === 'relu') return Math.max(0, x);
  if (name === 'silu') return x / (1 + Math.exp(-x));
  if (name === 'gelu') return 0.5 * x * (1 + errorFunction(x / Math.SQRT2));
  if (name === 'gelu_new' || name === 'gelu_pytorch_tanh')
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  throw new TypeError(`no reference form of the activation ${name}`);
}

/** erf by its Taylor series, which converges everywhere and is exact enough up to 5. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export interface AttentionOptions {
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  /** Positions that each position attends to, itself included. */
  readonly window?: number | undefined;
  readonly softcap?: number | undefined;
}

/** Causal attention of a whole text: q [heads * size], k and v [kvHeads * size] at each position. */
export function attention(q: Text, k: Text, v: Text, options: AttentionOptions): Text {
  const { heads, kvHeads, scale, window = Infinity, softcap } = options;
  return q.map((query, t) => {
    const size = query.length / heads;
    const result = new Float64Array(query.length);
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / kvHeads));
      const weights: number[] = [];
      const first = Math.max(0, t - window + 1);
      for (let s = first; s <= t; s++) {
        let score = 0;
        for (let i = 0; i < size; i++) score += query[head * size + i]! * k[s]![shared * size + i]!;
        score *= scale;
        weights.push(Math.exp(softcap === undefined ? score : softcap * Math.tanh(score / softcap)));
      }
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [at, weight] of weights.entries())
        for (let i = 0; i < size; i++)
          result[head * size + i]! += (weight / total) * v[first + at]![shared * size + i]!;
    }
    return result;
  });
}

/** A number of the configuration. */
export function numberOf(config: Json, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value !== 'number') throw new TypeError(`${key} is not a number`);
  return value;
}
