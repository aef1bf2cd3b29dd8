/** A number as the golden files write it: NaN and infinities are strings. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === '-Infinity' || value === 'Infinity' || value === 'NaN') return Number(value);
  throw new TypeError(`${JSON.stringify(value)} is not a number of a golden file`);
}

/** A row of expected values: [V], float64. */
export function toRow(values: readonly unknown[]): Float64Array {
  return Float64Array.from(values, toNumber);
}

/** A row of logits: [V], in float32, the precision of the recorded computation. */
export function toLogits(values: readonly unknown[]): Float32Array {
  return Float32Array.from(values, toNumber);
}
