import type { Activation } from '@tokenwright/core/engine';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type WeightFormat, weightFormats } from '../../graph/weight-format.ts';
import { tryRelaxed } from '../module/kernels.ts';
import * as layout from '../module/layout.ts';
import { KernelBench } from '../testing/kernel-bench.ts';
import { roundTrip } from '../testing/plain-formats.ts';
import { activations, norm, type PlainNorm } from '../testing/plain-kernels.ts';
import { normals } from '../testing/tiny-models.ts';

const { rowsPerGroup } = layout;
const codes: Readonly<Record<Activation, number>> = {
  gelu: layout.activationGelu,
  'gelu-tanh': layout.activationGeluTanh,
  silu: layout.activationSilu,
  relu: layout.activationRelu,
};

interface Setting {
  /** Inputs: up to three chunks of 512, and sizes that are not multiples of anything. */
  readonly columns: number;
  readonly groups: number;
  readonly tokens: number;
  readonly gated: boolean;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
  readonly normKind: PlainNorm['kind'] | undefined;
  /** Inputs include zeros and large numbers. */
  readonly size: number;
  readonly seed: number;
}

const settings: fc.Arbitrary<Setting> = fc.record({
  columns: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 500, max: 1100 })),
  groups: fc.integer({ min: 1, max: 3 }),
  // One token, single tokens, panels of four, and the remainder after panels.
  tokens: fc.integer({ min: 1, max: 11 }),
  gated: fc.boolean(),
  bias: fc.boolean(),
  residual: fc.boolean(),
  activation: fc.option(fc.constantFrom<Activation>('gelu', 'gelu-tanh', 'silu', 'relu'), { nil: undefined }),
  normKind: fc.option(fc.constantFrom<PlainNorm['kind']>('layer', 'root-mean-square'), { nil: undefined }),
  size: fc.constantFrom(0, 0.01, 1, 300),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

/** The random numbers of a setting. */
function numbersOf({ columns, groups, tokens, size, seed }: Setting) {
  const next = normals(seed);
  const row = (length: number, deviation: number): Float32Array =>
    Float32Array.from({ length }, () => next() * deviation);
  return {
    x: Array.from({ length: tokens }, () => row(columns, size)),
    weights: Array.from({ length: groups * rowsPerGroup }, () => row(columns, 0.1)),
    bias: row(groups * rowsPerGroup, 1),
    residual: Array.from({ length: tokens }, () => row(groups * rowsPerGroup, 1)),
    weight: row(columns, 1),
    normBias: row(columns, 1),
  };
}

/** Run the kernel: [tokens][outputs]. */
function run(
  bench: KernelBench,
  format: WeightFormat,
  planes: boolean,
  setting: Setting,
  numbers: ReturnType<typeof numbersOf>,
): Float32Array[] {
  const { columns, groups, gated, activation, normKind } = setting;
  const { x } = numbers;
  const outputs = groups * (gated ? rowsPerGroup / 2 : rowsPerGroup);
  const stride = columns + 5;
  const output = bench.room(x.length * outputs);
  bench.run(
    gated ? layout.operationGated : layout.operationLinear,
    {
      ...bench.pack(format, numbers.weights, planes),
      [layout.entryInput]: bench.rows(x, stride),
      [layout.entryInputStride]: stride * 4,
      [layout.entryOutput]: output,
      [layout.entryOutputStride]: outputs * 4,
      [layout.entryColumns]: columns,
      // Two tiles of tokens, where there are enough.
      [layout.linearTile]: 8,
      [layout.linearActivation]: activation === undefined ? 0 : codes[activation],
      ...(normKind !== undefined && {
        [layout.normKind]: normKind === 'layer' ? layout.normKindLayer : layout.normKindRootMeanSquare,
        [layout.normWeight]: bench.floats(numbers.weight),
        [layout.normBias]: normKind === 'layer' ? bench.floats(numbers.normBias) : 0,
      }),
      ...(setting.bias && !gated && { [layout.linearBias]: bench.floats(numbers.bias) }),
      ...(setting.residual &&
        !gated && {
          [layout.linearResidual]: bench.rows(numbers.residual, outputs),
          [layout.linearResidualStride]: outputs * 4,
        }),
    },
    { [layout.normEpsilon]: 1e-5 },
    { [layout.frameTokens]: x.length },
  );
  const rows = x.map((_, token) => bench.read(output + token * outputs * 4, outputs));
  bench.reset();
  return rows;
}

/** The same in float64 with the weights as stored in the format, and the allowed error of the kernel. */
function plain(format: WeightFormat, planes: boolean, setting: Setting, numbers: ReturnType<typeof numbersOf>) {
  const { gated, activation, normKind, columns } = setting;
  const act = activation === undefined ? (value: number): number => value : activations[activation];
  const held = numbers.weights.map((row) => {
    // Partly filled blocks are padded with zeros.
    const padded = Float32Array.from({ length: Math.ceil(columns / 32) * 32 }, (_, i) => row[i] ?? 0);
    roundTrip(format, padded, padded.length);
    return padded.subarray(0, columns);
  });
  // Activations are rounded to steps of their largest value; sums of floats, and norms, to a few units in the last
  // place.
  const step = format === 'f32' || format === 'f16' ? 0 : 1 / (planes ? 8191 : 32767);
  return numbers.x.map((row, token) => {
    const { weight, normBias } = numbers;
    const x =
      normKind === undefined
        ? Float64Array.from(row)
        : norm(row, { kind: normKind, weight, bias: normKind === 'layer' ? normBias : undefined, epsilon: 1e-5 });
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const products = held.map((weights) => {
      let [sum, size] = [0, 0];
      for (const [i, weight] of weights.entries()) {
        sum += weight * x[i]!;
        size += Math.abs(weight);
      }
      return { sum, bound: size * largest * (step * 0.51 + 4e-6) + 1e-6 };
    });
    if (!gated)
      return products.map(({ sum, bound }, output) => ({
        value:
          act(sum + (setting.bias ? numbers.bias[output]! : 0)) +
          (setting.residual ? numbers.residual[token]![output]! : 0),
        // No activation has a slope above 1.13.
        bound: 1.13 * bound + 1e-6 * Math.abs(sum) + 2e-6,
      }));
    return Array.from({ length: products.length / 2 }, (_, i) => {
      const first = Math.floor(i / 4) * rowsPerGroup + (i % 4);
      const [gate, up] = [products[first]!, products[first + 4]!];
      const value = act(gate.sum) * up.sum;
      const gateBound = 1.13 * gate.bound + 1e-6 * Math.abs(gate.sum) + 2e-6;
      return {
        value,
        bound: gateBound * (Math.abs(up.sum) + up.bound) + Math.abs(act(gate.sum)) * up.bound + 1e-6 * Math.abs(value),
      };
    });
  });
}

describe.each((await tryRelaxed()).works ? [false, true] : [false])('linear maps, relaxed SIMD %s', (relaxed) => {
  let bench: KernelBench;
  beforeAll(async () => {
    bench = await KernelBench.start(relaxed);
  });
  afterEach(() => bench.reset());

  const kinds: (readonly [WeightFormat, boolean])[] = weightFormats.map((format) => [format, false]);
  if (relaxed) kinds.push(['8-bit', true]);

  it.each(kinds)('equal the plain form: %s weights, planes %s', (format, planes) => {
    fc.assert(
      fc.property(settings, (setting) => {
        const numbers = numbersOf(setting);
        const received = run(bench, format, planes, setting, numbers);
        for (const [token, row] of plain(format, planes, setting, numbers).entries())
          for (const [output, { value, bound }] of row.entries())
            if (!(Math.abs(received[token]![output]! - value) <= bound))
              expect.fail(`token ${token}, output ${output}: ${received[token]![output]}, not ${value} ± ${bound}`);
      }),
      { numRuns: 30 },
    );
  });

  it.each(kinds)('give the same bits for a token alone and in a batch: %s weights, planes %s', (format, planes) => {
    fc.assert(
      fc.property(settings, (setting) => {
        const numbers = numbersOf(setting);
        const together = run(bench, format, planes, setting, numbers);
        for (const [token, row] of together.entries()) {
          const { x, residual } = numbers;
          const alone = { ...numbers, x: [x[token]!], residual: [residual[token]!] };
          expect(run(bench, format, planes, setting, alone)).toEqual([row]);
        }
      }),
      { numRuns: 8 },
    );
  });
});
