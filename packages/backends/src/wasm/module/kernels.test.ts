import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WeightFormat, weightFormats } from '../../graph/weight-format.ts';
import { half, roundTrip } from '../testing/plain-formats.ts';
import { normals } from '../testing/tiny-models.ts';
import { formatCode, groupBytes } from '../weights/formats.ts';
import { connect, type Kernels, kernelModule, relaxedAnswersRight, tryRelaxed } from './kernels.ts';
import { element8Bit, elementFloat16, elementFloat32, inputsPerBlock, rowsPerGroup, slotsPerBlock } from './layout.ts';

interface Module {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

async function module(relaxed: boolean): Promise<Module> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  return { kernels: await connect(await kernelModule({ shared: false, relaxed }), memory), memory };
}

const builds = (await tryRelaxed()).works ? [false, true] : [false];

function numbers(count: number, seed = 1): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length: count }, next);
}

describe.each(builds)('kernels, relaxed %s', (relaxed) => {
  const groups = 3;
  const rows = groups * rowsPerGroup;
  /** Rows of one to six blocks of 32, including numbers halfway between two integers of their scale, and zeros. */
  const matrices = fc
    .record({
      blocks: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      step: fc.constantFrom(0, 2 ** -3, 2 ** -9, 1e-3),
      size: fc.constantFrom(0, 1e-6, 0.03, 1, 400),
    })
    .map(({ blocks, seed, step, size }) => {
      const inputs = blocks * inputsPerBlock;
      const values = numbers(rows * inputs, seed).map((value) =>
        step === 0 ? value : Math.round(value / step) * step,
      );
      return { inputs, values: values.map((value) => value * size) };
    });
  const formats: readonly (readonly [WeightFormat, boolean])[] = [
    ...weightFormats.map((format) => [format, false] as const),
    ['8-bit', true],
  ];

  it.each(formats)(
    'pack and unpack rows with the same bits as the plain form: %s, planes %s',
    async (format, planes) => {
      const { kernels, memory } = await module(relaxed);
      const code = formatCode(format, planes);
      const [source, target, scales, output] = [4096, 131072, 262144, 300000];
      fc.assert(
        fc.property(matrices, ({ inputs, values }) => {
          new Float32Array(memory.buffer, source, values.length).set(values);
          kernels.pack(code, source, inputs, groups, target, scales, scales + rows * 4);
          const expected = values.slice();
          roundTrip(format, expected, inputs);
          expect(groups * groupBytes(format, inputs)).toBeLessThan(scales - target);
          for (let row = 0; row < rows; row++) {
            kernels.unpackRow(code, target, inputs, scales, row, output);
            const held = new Float32Array(memory.buffer, output, inputs);
            for (const [i, value] of held.entries())
              if (value !== expected[row * inputs + i])
                expect.fail(`row ${row}, ${i}: ${value}, not ${expected[row * inputs + i]}`);
          }
        }),
        { numRuns: 40 },
      );
    },
  );

  it.each([
    ['f32', elementFloat32, 0],
    ['f16', elementFloat16, 0],
    ['8-bit', element8Bit, 0.02],
  ] as const)('store and load slots of a cache: %s', async (_, element, tolerance) => {
    const { kernels, memory } = await module(relaxed);
    const size = 12;
    const [head, tile, copy, output] = [4096, 8192, 32768, 65536];
    const stored = [0, 5, slotsPerBlock - 1].map((slot) => ({ slot, values: numbers(size, slot + 1) }));
    for (const { slot, values } of stored) {
      new Float32Array(memory.buffer, head, size).set(values);
      kernels.storeSlot(element, tile, slot, head, size);
    }
    kernels.copySlots(element, tile, copy, 1, size, slotsPerBlock);
    kernels.loadSlots(element, copy, 0, slotsPerBlock, size, output);
    for (const { slot, values } of stored) {
      const loaded = new Float32Array(memory.buffer, output + slot * size * 4, size);
      const expected = element === elementFloat16 ? values.map(half) : values;
      for (let i = 0; i < size; i++) expect(Math.abs(loaded[i]! - expected[i]!)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('find the largest numbers, on ties the lower id first, and the sum of exponentials', async () => {
    const { kernels, memory } = await module(relaxed);
    for (const count of [1, 3, 4, 61, 1000]) {
      const values = numbers(count, count).map((value) => Math.round(value * 4) / 4);
      new Float32Array(memory.buffer, 4096, count).set(values);
      const wanted = Math.min(count, 17);
      kernels.top(4096, count, wanted, 65536, 69632);
      const order = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, wanted);
      expect([...new Int32Array(memory.buffer, 65536, wanted)]).toEqual(order);
      expect([...new Float32Array(memory.buffer, 69632, wanted)]).toEqual(order.map((id) => values[id]));
      kernels.sumOfExponentials(4096, count, 73728);
      const [largest, sum] = new Float64Array(memory.buffer, 73728, 2);
      expect(largest).toBe(Math.max(...values));
      expect(sum).toBeCloseTo(
        values.reduce((total, value) => total + Math.exp(value - largest!), 0),
        4,
      );
    }
  });
});

describe('the known-answer test of relaxed SIMD', () => {
  const answering = (change: (sums: Int32Array, seed: number) => void) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    let seed = 0;
    const relaxedDot = (left: number, right: number, result: number): void => {
      const a = new Int8Array(memory.buffer, left, 16);
      const b = new Uint8Array(memory.buffer, right, 16);
      const sums = new Int32Array(memory.buffer, result, 4);
      for (let lane = 0; lane < 4; lane++) {
        sums[lane] = 1;
        for (let i = lane * 4; i < lane * 4 + 4; i++) sums[lane]! += a[i]! * b[i]!;
      }
      change(sums, seed++);
    };
    return relaxedAnswersRight({ relaxedDot }, memory);
  };

  it('accepts correct answers', () => {
    expect(answering(() => {})).toBe(true);
  });

  it.each([
    [
      'one lane of one answer',
      (sums: Int32Array, seed: number) => {
        if (seed === 5) sums[2]! += 1;
      },
    ],
    [
      'the left side taken without its sign',
      (sums: Int32Array) => {
        sums[0]! += 256;
      },
    ],
    [
      'sums of pairs cut to 16 bits',
      (sums: Int32Array) => {
        sums[1] = (sums[1]! << 16) >> 16;
      },
    ],
    ['nothing added', (sums: Int32Array) => sums.set(sums.map((sum) => sum - 1))],
  ])('rejects a wrong answer: %s', (_, change) => {
    expect(answering(change)).toBe(false);
  });
});
