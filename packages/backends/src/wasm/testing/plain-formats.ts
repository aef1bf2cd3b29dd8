import type { WeightFormat } from '../../graph/weight-format.ts';

/** Round rows of weights, [outputs, inputs], to a weight format in place: the packing kernels in plain TypeScript. */
export function roundTrip(format: WeightFormat, rows: Float32Array, inputs: number): void {
  for (let from = 0; from < rows.length; from += inputs) {
    const row = rows.subarray(from, from + inputs);
    if (format === 'f16') for (const [i, value] of row.entries()) row[i] = half(value);
    if (format === '8-bit') {
      const most = largest(row);
      scaled(row, Math.fround(most / 127), most === 0 ? 0 : Math.fround(127 / most), 127);
    }
    if (format === '8-bit-blocks')
      for (let i = 0; i < inputs; i += 32) {
        const block = row.subarray(i, i + 32);
        scaledBy(block, half(Math.fround(largest(block) / 127)), 127);
      }
    if (format === '4-bit-blocks')
      for (let i = 0; i < inputs; i += 32) {
        const block = row.subarray(i, i + 32);
        const farthest = block.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);
        scaledBy(block, exactScale(block, farthest) ?? half(Math.fround(farthest / -8)), 7);
      }
  }
}

/** A scale with which every number of a block is exact. */
function exactScale(block: Float32Array, farthest: number): number | undefined {
  const scales = [-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7].map((code) =>
    half(Math.fround(farthest / code)),
  );
  return scales.find((scale) =>
    block.every((value) => scale !== 0 && value / scale >= -8 && value / scale <= 7 && Number.isInteger(value / scale)),
  );
}

function scaledBy(numbers: Float32Array, scale: number, most: number): void {
  scaled(numbers, scale, scale === 0 ? 0 : Math.fround(1 / scale), most);
}

/** Round numbers * factor as the kernels do: in float32, ties to even. */
function scaled(numbers: Float32Array, scale: number, factor: number, most: number): void {
  const least = most === 7 ? -8 : -most;
  for (const [i, value] of numbers.entries())
    numbers[i] = Math.max(least, Math.min(most, nearest(Math.fround(value * factor)))) * scale;
}

function nearest(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

function largest(numbers: Float32Array): number {
  return numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The nearest half-precision number, ties to even. */
export function half(value: number): number {
  const magnitude = Math.min(Math.abs(value), 65504);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const unit = 2 ** (exponent - 10);
  const units = magnitude / unit;
  const down = Math.floor(units);
  const rest = units - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  return Math.sign(value) * rounded * unit;
}
