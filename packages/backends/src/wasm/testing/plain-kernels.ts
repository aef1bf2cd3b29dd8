import type { Activation } from '@tokenwright/core/engine';

/** The kernels in float64, straight from the formulas. */

/** 2 / sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms have one sign, so nothing cancels. */
export function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const activations: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => (x / 2) * (1 + errorFunction(x * Math.SQRT1_2)),
  'gelu-tanh': (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

export interface PlainNorm {
  readonly kind: 'layer' | 'root-mean-square';
  readonly weight: ArrayLike<number>;
  readonly bias?: ArrayLike<number> | undefined;
  readonly epsilon: number;
}

export function norm(x: ArrayLike<number>, { kind, weight, bias, epsilon }: PlainNorm): Float64Array {
  const values = Float64Array.from(x);
  const mean = kind === 'layer' ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * weight[i]! + (bias?.[i] ?? 0));
}

/** Rotate the first `width` numbers of a head by angles: cosines, then sines, [width]. */
export function turned(
  head: ArrayLike<number>,
  angles: ArrayLike<number>,
  width: number,
  style: 'neox' | 'interleaved',
): Float64Array {
  const result = Float64Array.from(head);
  const half = width / 2;
  for (let i = 0; i < half; i++) {
    const [a, b] = style === 'interleaved' ? [2 * i, 2 * i + 1] : [i, i + half];
    result[a] = head[a]! * angles[i]! - head[b]! * angles[i + half]!;
    result[b] = head[b]! * angles[i]! + head[a]! * angles[i + half]!;
  }
  return result;
}

/** A slot that a query sees. */
export interface Seen {
  readonly key: Float32Array;
  readonly value: Float32Array;
  /** Converts the product of query and key to the score. */
  adjust(product: number): number;
}

/** Values, weighted by the softmax of their scores. */
export function mixture(query: ArrayLike<number>, seen: readonly Seen[]): Float64Array {
  const weights = seen.map(({ key, adjust }) =>
    Math.exp(adjust(key.reduce((sum, number, i) => sum + number * query[i]!, 0))),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const result = new Float64Array(query.length);
  for (const [slot, { value }] of seen.entries())
    for (const [i, number] of value.entries()) result[i]! += (weights[slot]! / total) * number;
  return result;
}
