import type { Activation } from '@tokenwright/core/engine';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rowBytes } from '../../graph/compiler.ts';
import { weightFormats } from '../../graph/weight-format.ts';
import { tryRelaxed } from '../module/kernels.ts';
import * as layout from '../module/layout.ts';
import { KernelBench } from '../testing/kernel-bench.ts';
import { roundTrip } from '../testing/plain-formats.ts';
import { activations, norm, turned } from '../testing/plain-kernels.ts';
import { normals } from '../testing/tiny-models.ts';

/** Within a share of the largest expected magnitude. */
function expectNear(received: ArrayLike<number>, expected: ArrayLike<number>, share: number): void {
  const values = Array.from(expected);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  for (const [i, value] of values.entries())
    if (!(Math.abs(received[i]! - value) <= share * largest)) expect.fail(`${i}: ${received[i]}, not ${value}`);
}

const seeds = fc.integer({ min: 1, max: 1e6 });
const numbers = (seed: number, count: number): Float32Array => Float32Array.from({ length: count }, normals(seed));
const codes: Readonly<Record<Activation, number>> = {
  gelu: layout.activationGelu,
  'gelu-tanh': layout.activationGeluTanh,
  silu: layout.activationSilu,
  relu: layout.activationRelu,
};

describe.each((await tryRelaxed()).works ? [false, true] : [false])('relaxed SIMD %s', (relaxed) => {
  let bench: KernelBench;
  beforeAll(async () => {
    bench = await KernelBench.start(relaxed);
  });
  afterEach(() => bench.reset());

  /** Rows of tokens in, rows out. */
  function run(
    operation: number,
    x: readonly Float32Array[],
    columns: number,
    integers: Readonly<Record<number, number>>,
    floats: Readonly<Record<number, number>> = {},
    frame: Readonly<Record<number, number>> = {},
  ): Float32Array[] {
    const stride = rowBytes(columns);
    const output = bench.room((x.length * stride) / 4);
    bench.run(
      operation,
      {
        [layout.entryInput]: bench.rows(x, stride / 4),
        [layout.entryInputStride]: stride,
        [layout.entryOutput]: output,
        [layout.entryOutputStride]: stride,
        [layout.entryColumns]: columns,
        ...integers,
      },
      floats,
      { [layout.frameTokens]: x.length, ...frame },
    );
    const rows = x.map((_, token) => bench.read(output + token * stride, columns));
    bench.reset();
    return rows;
  }

  describe('activations', () => {
    // A linear map of one input with weight 1, so that the output is the activation.
    const applied = (activation: Activation, x: readonly number[]): Float32Array => {
      const weights = Array.from({ length: layout.rowsPerGroup }, () => Float32Array.of(1));
      const output = bench.room(x.length * 8);
      bench.run(
        layout.operationLinear,
        {
          ...bench.pack('f32', weights),
          [layout.entryInput]: bench.floats(x),
          [layout.entryInputStride]: 4,
          [layout.entryOutput]: output,
          [layout.entryOutputStride]: 32,
          [layout.entryColumns]: 1,
          [layout.linearTile]: 256,
          [layout.linearActivation]: codes[activation],
        },
        {},
        { [layout.frameTokens]: x.length },
      );
      const all = bench.read(output, x.length * 8);
      bench.reset();
      return Float32Array.from(x, (_, i) => all[i * 8]!);
    };
    const floats = fc.array(
      fc.oneof(
        fc.float({ min: -20, max: 20, noNaN: true }),
        fc.float({ min: -1000, max: 1000, noNaN: true }),
        fc.constantFrom(0, 1e-20, -1e-20, -87.3, 87.3, 88.7, -88.7),
      ),
      { minLength: 1, maxLength: 250 },
    );

    it.each<[Activation, (x: number) => number]>([
      ['relu', () => 0],
      // The exponential is within 2 units in the last place; below e^-87 it is 0.
      ['silu', (x) => Math.abs(activations.silu(x)) * 1e-6 + 1e-35],
      ['gelu-tanh', (x) => Math.abs(activations['gelu-tanh'](x)) * 1e-5 + 1e-6],
      // The error function is within 1.5e-7, plus rounding.
      ['gelu', (x) => Math.abs(x) * 3e-7 + 1e-7],
    ])('%s', (activation, bound) => {
      fc.assert(
        fc.property(floats, (x) => {
          const exact = [...Float32Array.from(x)];
          for (const [i, value] of applied(activation, exact).entries()) {
            const right = activations[activation](exact[i]!);
            if (!(Math.abs(value - right) <= bound(exact[i]!))) expect.fail(`${exact[i]}: ${value}, not ${right}`);
          }
        }),
        { numRuns: 40 },
      );
    });
  });

  it.each(['layer', 'root-mean-square'] as const)('norm of rows and of column groups: %s', (kind) => {
    fc.assert(
      fc.property(
        fc.record({
          size: fc.integer({ min: 1, max: 130 }),
          groups: fc.integer({ min: 1, max: 3 }),
          tokens: fc.integer({ min: 1, max: 3 }),
          biased: fc.boolean(),
          epsilon: fc.constantFrom(1e-6, 1e-5, 0.1),
          offset: fc.constantFrom(0, 3, -40),
          seed: seeds,
        }),
        ({ size, groups, tokens, biased, epsilon, offset, seed }) => {
          const columns = size * groups;
          const x = Array.from({ length: tokens }, (_, i) => numbers(seed + i, columns).map((value) => value + offset));
          const [weight, bias] = [numbers(seed + 7, size), biased ? numbers(seed + 8, size) : undefined];
          const received = run(
            layout.operationNorm,
            x,
            columns,
            {
              [layout.normKind]: kind === 'layer' ? layout.normKindLayer : layout.normKindRootMeanSquare,
              [layout.normWeight]: bench.floats(weight),
              [layout.normBias]: bias === undefined ? 0 : bench.floats(bias),
              [layout.normGroups]: groups,
            },
            { [layout.normEpsilon]: epsilon },
          );
          for (const [token, row] of x.entries())
            for (let group = 0; group < groups; group++) {
              const part = row.subarray(group * size, (group + 1) * size);
              const expected = norm(part, { kind, weight, bias, epsilon });
              // A mean far from zero costs digits, in proportion to its size in deviations.
              const mean = kind === 'layer' ? part.reduce((sum, value) => sum + value, 0) / size : 0;
              const variance = part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
              const farthest = Math.max(...part.map(Math.abs));
              const lost = 1e-6 * (1 + (kind === 'layer' ? farthest / Math.sqrt(variance + epsilon) : 0));
              for (const [i, value] of expected.entries()) {
                const normed = Math.abs(value - (bias?.[i] ?? 0));
                const bound =
                  lost * (Math.abs(weight[i]!) + normed) + 1e-6 * (Math.abs(value) + Math.abs(bias?.[i] ?? 0));
                const got = received[token]![group * size + i]!;
                if (!(Math.abs(got - value) <= bound)) expect.fail(`${i}: ${got}, not ${value} ± ${bound}`);
              }
            }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each(['neox', 'interleaved'] as const)('rotary positions of heads, whole and in part: %s', (style) => {
    fc.assert(
      fc.property(
        fc.record({
          half: fc.integer({ min: 1, max: 20 }),
          rest: fc.integer({ min: 0, max: 5 }),
          heads: fc.integer({ min: 1, max: 3 }),
          positions: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
          seed: seeds,
        }),
        ({ half, rest, heads, positions, seed }) => {
          const width = 2 * half;
          const headDim = width + rest;
          const table = Array.from({ length: 31 }, (_, position) => numbers(seed + 100 + position, width));
          const x = positions.map((_, token) => numbers(seed + token, heads * headDim));
          const received = run(
            layout.operationRotary,
            x,
            heads * headDim,
            {
              [layout.rotaryTable]: bench.rows(table, width),
              [layout.rotaryWidth]: width,
              [layout.rotaryPairs]: style === 'interleaved' ? 1 : 0,
              [layout.rotaryHeadSize]: headDim,
            },
            {},
            { [layout.framePositions]: bench.integers(positions) },
          );
          for (const [token, row] of x.entries())
            for (let head = 0; head < heads; head++) {
              const part = row.subarray(head * headDim, (head + 1) * headDim);
              const expected = turned(part, table[positions[token]!]!, width, style);
              expectNear(received[token]!.subarray(head * headDim, (head + 1) * headDim), expected, 1e-6);
            }
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([...weightFormats, 'none'] as const)('embedding of ids in a table of %s, with positions', (format) => {
    fc.assert(
      fc.property(
        fc.record({
          columns: fc.integer({ min: 1, max: 70 }),
          ids: fc.array(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 4 }),
          positioned: fc.boolean(),
          offset: fc.integer({ min: 0, max: 3 }),
          scale: fc.constantFrom(1, 7.5),
          seed: seeds,
        }),
        ({ columns, ids, positioned, offset, scale, seed }) => {
          const rows = Array.from({ length: 24 }, (_, i) => numbers(seed + i, columns));
          const positions = Array.from({ length: 12 }, (_, i) => numbers(seed + 50 + i, columns));
          const at = ids.map((_, i) => (i * 3) % 8);
          const withPositions = positioned || format === 'none';
          const received = run(
            layout.operationEmbed,
            ids.map(() => new Float32Array(columns)),
            columns,
            {
              ...(format === 'none' ? {} : bench.pack(format, rows)),
              [layout.embedPositions]: withPositions ? bench.rows(positions, columns) : 0,
              [layout.embedOffset]: withPositions ? offset : 0,
            },
            { [layout.embedScale]: scale },
            { [layout.frameIds]: bench.integers(ids), [layout.framePositions]: bench.integers(at) },
          );
          for (const [token, id] of ids.entries()) {
            const held = Float32Array.from({ length: Math.ceil(columns / 32) * 32 }, (_, i) => rows[id]![i] ?? 0);
            if (format === 'none') held.fill(0);
            else roundTrip(format, held, held.length);
            const expected = Float64Array.from(
              { length: columns },
              (_, i) => held[i]! * scale + (withPositions ? positions[at[token]! + offset]![i]! : 0),
            );
            expectNear(received[token]!, expected, 1e-6);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each<[string, number, (x: number, y: number, factor: number) => number]>([
    ['sums', layout.elementsAdd, (x, y) => x + y],
    ['products', layout.elementsMultiply, (x, y) => x * y],
    ['scaled', layout.elementsScale, (x, _, factor) => x * factor],
    ['soft-capped', layout.elementsSoftcap, (x, _, factor) => factor * Math.tanh(x / factor)],
  ])('element-wise: %s', (_, kind, plain) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0.5, 3, 50),
        fc.constantFrom(0.01, 1, 100),
        seeds,
        (columns, tokens, factor, size, seed) => {
          const rows = (first: number): Float32Array[] =>
            Array.from({ length: tokens }, (__, i) => numbers(first + i, columns).map((value) => value * size));
          const [x, y] = [rows(seed), rows(seed + 10)];
          const received = run(
            layout.operationElements,
            x,
            columns,
            {
              [layout.elementsKind]: kind,
              [layout.elementsSecond]: bench.rows(y, rowBytes(columns) / 4),
              [layout.elementsSecondStride]: rowBytes(columns),
            },
            { [layout.elementsFactor]: factor },
          );
          for (const [token, row] of x.entries())
            for (const [i, value] of row.entries()) {
              const right = plain(value, y[token]![i]!, factor);
              // 1 - 2 / (e^2x + 1) loses the last digits near 0.
              const bound = Math.abs(right) * 1e-6 + (kind === layout.elementsSoftcap ? factor * 3e-7 : 0);
              expect(Math.abs(received[token]![i]! - right)).toBeLessThanOrEqual(bound);
            }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('taps the scored tokens of requested layers only', () => {
    const columns = 11;
    const x = Array.from({ length: 5 }, (_, i) => numbers(i + 1, columns));
    const target = bench.room(2 * 16);
    const taps = bench.integers([0, 0, target, 0]);
    const tap = (layer: number): void =>
      bench.run(
        layout.operationTap,
        {
          [layout.entryInput]: bench.rows(x, 13),
          [layout.entryInputStride]: 13 * 4,
          [layout.entryColumns]: columns,
          [layout.tapLayer]: layer,
        },
        {},
        {
          [layout.frameTokens]: 5,
          [layout.frameScored]: 2,
          [layout.frameScoredTokens]: bench.integers([1, 4]),
          [layout.frameTaps]: taps,
        },
      );
    tap(1);
    expect([...bench.read(target, 32)].every(Number.isNaN)).toBe(true);
    tap(2);
    expect(bench.read(target, columns)).toEqual(x[1]);
    expect(bench.read(target + rowBytes(columns), columns)).toEqual(x[4]);
  });
});
