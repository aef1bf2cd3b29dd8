import type { WeightFormat } from '../formats.ts';

/** What each weight format makes of rows of weights, [outputs, inputs], in place: the packing kernels in plain numbers. */
export function roundTrip(format: WeightFormat, rows: Float32Array, inputs: number): void {
  for (let from = 0; from < rows.length; from += inputs) {
    const row = rows.subarray(from, from + inputs);
    if (format === 'f16') for (const [i, value] of row.entries()) row[i] = half(value);
    if (format === '8-bit') scaled(row, Math.fround(largest(row) / 127));
    if (format === '8-bit-blocks')
      for (let i = 0; i < inputs; i += 32) {
        const block = row.subarray(i, i + 32);
        scaled(block, half(Math.fround(largest(block) / 127)));
      }
    if (format === '4-bit-blocks')
      for (let i = 0; i < inputs; i += 32) {
        const block = row.subarray(i, i + 32);
        const farthest = block.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);
        const scale = half(Math.fround(farthest / -8));
        for (const [j, value] of block.entries())
          block[j] = scale === 0 ? 0 : Math.max(-8, Math.min(7, Math.round(value / scale))) * scale;
      }
  }
}

function scaled(numbers: Float32Array, scale: number): void {
  for (const [i, value] of numbers.entries())
    numbers[i] = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / scale))) * scale;
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
