import { ParameterError } from '@tokenwright/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../checkpoint/open-weights.ts';
import { convertModel } from '../convert/convert.ts';
import { memorySink } from '../convert/sink.ts';
import { files, folder } from '../sources/model-source.ts';
import { halfToFloat } from '../weights/number-formats.ts';
import { dequantize, type QuantizationFormat, quantize } from './quantize.ts';

const formats: readonly QuantizationFormat[] = ['f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

const matrices = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70 })).chain(([rows, columns]) =>
  fc.record({
    columns: fc.constant(columns),
    values: fc.float32Array({
      minLength: rows * columns,
      maxLength: rows * columns,
      min: -100,
      max: 100,
      noNaN: true,
    }),
  }),
);

describe.each(formats)('quantize to %s', (format) => {
  it('keeps each number within half a step of its row or block, and says how far it is', () => {
    fc.assert(
      fc.property(matrices, ({ values, columns }) => {
        const matrix = quantize(values, columns, format);
        const received = dequantize(matrix);
        expect(matrix.shape).toEqual([values.length / columns, columns]);
        const distances = [...values].map((value, i) => Math.abs(value - received[i]!));
        expect(matrix.error.largest).toBe(Math.max(...distances));
        const width = { f16: 1, '8-bit': columns, '8-bit-blocks': 32, '4-bit-blocks': 32 }[format];
        for (const [i, distance] of distances.entries()) {
          const row = i - (i % columns);
          const first = i - ((i - row) % width);
          const largest = Math.max(...values.subarray(first, Math.min(row + columns, first + width)).map(Math.abs));
          // The number opposite to the farthest has one step less of 4 bits; a half-precision scale may be off by 2^-11, or by
          // 2^-25 where it is tiny.
          const steps = format === 'f16' ? 0 : format === '4-bit-blocks' ? 1 / 8 : 0.5 / 127;
          const scales = format === '8-bit' ? 1e-6 : 2 ** -11;
          expect(distance).toBeLessThanOrEqual(largest * (steps * 1.001 + scales) + 127 * 2 ** -25);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes the bytes that it says, and is at rest after once', () => {
    const values = Float32Array.from({ length: 3 * 40 }, (_, i) => Math.sin(i * 1.7));
    const matrix = quantize(values, 40, format);
    expect(matrix.bytes).toBe(
      { f16: 240, '8-bit': 3 * (40 + 4), '8-bit-blocks': 3 * (40 + 4), '4-bit-blocks': 3 * 36 }[format],
    );
    const once = dequantize(matrix);
    const twice = quantize(once, 40, format);
    expect(dequantize(twice)).toEqual(once);
    expect(twice.error.relative).toBeLessThan(1e-7);
    expect(matrix.error.relative).toBeGreaterThan(1e-4);
    expect(quantize(new Float32Array(40), 40, format).error).toEqual({ largest: 0, relative: 0 });
  });

  it('gives what a converted file holds', async () => {
    const source = folder(new URL('../../../demo-model/models/translate', import.meta.url));
    const sink = memorySink();
    await convertModel(source, sink, { format });
    const name = 'model.shared.weight';
    const [original, converted] = [await openWeights(source), await openWeights(files(sink.contents))];
    const columns = original.shape(name)![1]!;
    expect(await converted.read(name)).toEqual(dequantize(quantize(await original.read(name), columns, format)));
  });

  it('refuses what it cannot hold, by name', () => {
    const values = new Float32Array(64);
    expect(() => quantize(values, 0, format)).toThrow(/columns must be/);
    expect(() => quantize(values, 48, format)).toThrow(/a divisor of the 64 values, but 48/);
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) {
      values[7] = number;
      expect(() => quantize(values, 32, format)).toThrow(ParameterError);
    }
  });
});

it('refuses formats that do not exist', () => {
  expect(() => quantize(new Float32Array(4), 4, 'q4' as never)).toThrow(
    /one of f16, 8-bit, 8-bit-blocks, 4-bit-blocks/,
  );
});

it('4-bit blocks find the codes of a Q4_0 file again, whatever scales its writer chose', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -8, max: 7 }), { minLength: 64, maxLength: 64 }),
      // Every finite half but zero.
      fc.integer({ min: 1, max: 0x7bff }),
      fc.boolean(),
      (codes, bits, minus) => {
        const scale = (minus ? -1 : 1) * halfToFloat(bits);
        const values = Float32Array.from(codes, (code) => scale * code);
        const { error } = quantize(values, 32, '4-bit-blocks');
        expect(error).toEqual({ largest: 0, relative: 0 });
      },
    ),
    { numRuns: 300, seed: 4 },
  );
  // A scale that makes the farthest number -8 holds none of these but the farthest.
  const values = Float32Array.from({ length: 32 }, (_, i) => 0.25 * ((i % 12) - 5));
  expect(Math.abs(quantize(values, 32, '4-bit-blocks').scales[0]!)).toBe(0.25);
});
