import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probabilities } from '../sampling/distribution.ts';
import { Random } from '../sampling/random.ts';
import { type DrawKey, fillGumbelNoise, gumbelNoise, sampleToken } from './race.ts';
import { threefryBlock } from './threefry.ts';

const removed = -Infinity;
const logits = (...values: number[]): Float32Array => Float32Array.from(values);
const logs = (...values: number[]): Float32Array => Float32Array.from(values, Math.log);
const keys = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff));

/** Rows in which ties and removed tokens are common, with at least one token left. */
const rows = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: -4, max: 4 }) },
      { weight: 3, arbitrary: fc.float({ min: -60, max: 60, noNaN: true }) },
      { weight: 2, arbitrary: fc.constant(removed) },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((values) => Float32Array.from(values))
  .filter((row) => row.some((logit) => logit > removed));
const leftOf = (row: Float32Array): Int32Array => Int32Array.from([...row.keys()].filter((id) => row[id]! > removed));

/** The race as it is defined, from the published block function. */
function plainNoise(key: DrawKey, id: number): number {
  const high = threefryBlock(key, [id >>> 1, 0], 13)[id & 1]!;
  const low = threefryBlock(key, [id >>> 1, 1], 13)[id & 1]! >>> 12;
  return -Math.log(-Math.log1p(-(high * 2 ** 20 + low + 0.5) / 2 ** 52));
}

function plainDraw(row: Float32Array, key: DrawKey): number {
  const top = Math.max(...row);
  const sums = Array.from(row, (logit, id) => logit - top + plainNoise(key, id));
  return sums.indexOf(Math.max(...sums));
}

/** The keys of `count` draws. */
function* draws(count: number, seed: number): Generator<DrawKey> {
  const random = new Random(seed);
  for (let position = 0; position < count; position++) yield random.key(0, position, 'draw');
}

/** Chi-square of counts; cells that expect fewer than 5 are counted together. */
function chiSquare(counts: ArrayLike<number>, expected: ArrayLike<number>): { statistic: number; degrees: number } {
  const cells: [count: number, expected: number][] = [];
  const rare: [number, number] = [0, 0];
  for (let id = 0; id < expected.length; id++) {
    if (expected[id]! === 0) expect(counts[id]).toBe(0);
    else if (expected[id]! >= 5) cells.push([counts[id]!, expected[id]!]);
    else {
      rare[0] += counts[id]!;
      rare[1] += expected[id]!;
    }
  }
  if (rare[1] > 0) cells.push(rare);
  return {
    statistic: cells.reduce((sum, [count, wanted]) => sum + (count - wanted) ** 2 / Math.max(1, wanted), 0),
    degrees: cells.length - 1,
  };
}

/** Exceeded once in 100,000 times (Wilson and Hilferty's approximation). */
function limit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.265 * Math.sqrt(spread)) ** 3;
}

describe('sampleToken', () => {
  it('draws what the definition says, with the candidates listed or not', () => {
    fc.assert(
      fc.property(rows, keys, (row, key) => {
        const drawn = sampleToken(row, key);
        expect(drawn).toBe(plainDraw(row, key));
        expect(sampleToken(row, key, leftOf(row))).toBe(drawn);
      }),
      { numRuns: 500 },
    );
  });

  it('draws what the definition says from rows longer than a block of numbers', () => {
    for (const size of [511, 512, 513, 1025, 5000]) {
      const random = new Random(size);
      const row = Float32Array.from({ length: size }, (_, id) => Math.fround(6 * random.uniform(0, id, 'accept')));
      for (const key of draws(20, size)) expect(sampleToken(row, key)).toBe(plainDraw(row, key));
    }
  });

  // Computed by a second implementation, in Python, so that a seed means the same tokens in every version.
  it.each<[DrawKey, number]>([
    [[0, 0], 4],
    [[1, 2], 7],
    [[7, 0], 1],
    [[0xffffffff, 0xffffffff], 4],
  ])('draws the recorded token for the key %j', (key, expected) => {
    expect(sampleToken(logits(0, 1, 2, 3, 4, 4, 3, 2, 1, 0), key)).toBe(expected);
  });

  it.each([
    ['one with a large probability', [0.5, 0.25, 0.125, 0.125]],
    ['equal ones', [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]],
    ['a removed one', [0.6, 0, 0.3, 0, 0.1]],
    ['rare ones', [0.9, 0.09, 0.009, 0.0009, 0.0001]],
    ['a long tail', [0.5, ...new Array<number>(500).fill(0.001)]],
  ])('draws with the probabilities of the row: %s', (_, wanted) => {
    const row = logs(...wanted);
    const count = 60_000;
    const counts = new Array<number>(row.length).fill(0);
    for (const key of draws(count, row.length)) counts[sampleToken(row, key)]! += 1;
    const { statistic, degrees } = chiSquare(
      counts,
      probabilities(row).map((p) => p * count),
    );
    expect(statistic).toBeLessThan(limit(degrees));
  });

  it('draws with the probabilities of any row, for any seed', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (row, seed) => {
        const count = 4_000;
        const counts = new Array<number>(row.length).fill(0);
        for (const key of draws(count, seed)) counts[sampleToken(row, key)]! += 1;
        const expected = probabilities(row).map((p) => p * count);
        const { statistic, degrees } = chiSquare(counts, expected);
        if (degrees > 0) expect(statistic).toBeLessThan(limit(degrees));
        // The expected distance of a sample of this size, and four times its deviation.
        const distance = counts.reduce((sum, n, id) => sum + Math.abs(n - expected[id]!), 0) / (2 * count);
        expect(distance).toBeLessThan(Math.sqrt(row.length / (2 * Math.PI * count)) + 4 / Math.sqrt(4 * count));
      }),
      { numRuns: 30, seed: 5 },
    );
  });

  it('draws neighboring tokens and positions independently', () => {
    const row = logits(0, 0, 0, 0);
    const pairs = new Array<number>(16).fill(0);
    let before = 0;
    const count = 32_000;
    for (const key of draws(count, 8)) {
      const id = sampleToken(row, key);
      pairs[4 * before + id]! += 1;
      before = id;
    }
    expect(chiSquare(pairs, new Array<number>(16).fill(count / 16)).statistic).toBeLessThan(limit(15));
  });

  it('depends on no logit but those of the token and of the one that it beats', () => {
    fc.assert(
      fc.property(rows, keys, fc.infiniteStream(fc.float({ min: 0, max: 3, noNaN: true })), (row, key, falls) => {
        const drawn = sampleToken(row, key);
        // The others may fall as they like.
        const other = row.map((logit, id) => (id === drawn ? logit : logit - falls.next().value));
        expect(sampleToken(other, key)).toBe(drawn);
        // What is removed has no effect, unlike in a running sum.
        expect(
          sampleToken(
            row.map((logit, id) => (id % 2 === drawn % 2 ? logit : removed)),
            key,
          ),
        ).toBe(drawn);
      }),
    );
  });

  it.each([
    ['nothing is left', [removed, removed]],
    ['a logit is NaN', [0, Number.NaN]],
    ['a NaN comes first', [Number.NaN, 0]],
    ['a logit is +Infinity', [0, Infinity]],
  ])('draws nothing when %s', (_, values) => {
    expect(sampleToken(logits(...values), [1, 2])).toBe(-1);
    expect(sampleToken(logits(...values), [1, 2], Int32Array.from(values.keys()))).toBe(-1);
  });

  it('draws nothing from no candidates', () => {
    expect(sampleToken(logits(0, 0), [1, 2], Int32Array.of())).toBe(-1);
  });

  it.each([1e30, -1e30, 3e38])('draws from logits near %d as from logits near 0', (level) => {
    const counts = [0, 0, 0];
    for (const key of draws(3_000, 2)) counts[sampleToken(logits(level, level, removed), key)]! += 1;
    expect(chiSquare(counts, [1500, 1500, 0]).statistic).toBeLessThan(limit(1));
  });
});

describe('gumbelNoise', () => {
  // From the second implementation.
  it.each<[DrawKey, id: number, expected: number]>([
    [[0, 0], 0, 0.05005445487593739],
    [[0, 0], 4095, 1.9807833001402138],
    [[1, 2], 0, -0.3380002613515279],
    [[0xffffffff, 0xffffffff], 4095, -0.7596676130840185],
    [[0x12345678, 0x9abcdef0], 4095, 1.8825159421774007],
    [[0x80000000, 0x7fffffff], 4095, 0.07180768444509424],
  ])('is the recorded number for key %j, token %i', (key, id, expected) => {
    expect(gumbelNoise(key, id)).toBeCloseTo(expected, 14);
  });

  it('is that of the definition, alone and as a row', () => {
    fc.assert(
      fc.property(keys, fc.nat(3_000), (key, size) => {
        const row = fillGumbelNoise(key, new Float64Array(size));
        const rounded = fillGumbelNoise(key, new Float32Array(size));
        for (const id of [0, 1, 2, 511, 512, size - 2, size - 1].filter((id) => id >= 0 && id < size)) {
          expect(gumbelNoise(key, id)).toBe(plainNoise(key, id));
          expect(row[id]).toBe(plainNoise(key, id));
          expect(rounded[id]).toBe(Math.fround(row[id]!));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('comes from exponential numbers, also in both tails', () => {
    const size = 400_000;
    const exponentials = fillGumbelNoise([9, 10], new Float64Array(size)).map((noise) => Math.exp(-noise));
    const borders = [0, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1, 2, 4, 6, 8, 10, Infinity];
    const counts = new Array<number>(borders.length - 1).fill(0);
    for (const e of exponentials) counts[borders.findIndex((border) => e < border) - 1]! += 1;
    const expected = counts.map((_, i) => size * (Math.exp(-borders[i]!) - Math.exp(-borders[i + 1]!)));
    expect(chiSquare(counts, expected).statistic).toBeLessThan(limit(counts.length - 1));
    expect(exponentials.every((e) => e > 0 && Number.isFinite(e))).toBe(true);
  });
});
