import { describe, expect, it } from 'vitest';
import { ParameterError } from '../errors.ts';
import { Random, type RandomPurpose } from './random.ts';

const numbers = (count: number, number: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => number(i));

/** Pearson's statistic of how evenly numbers in [0, 1) fall into bins. */
function chiSquare(values: readonly number[], bins: number): number {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.floor(value * bins)]!++;
  const expected = values.length / bins;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = (x: readonly number[], meanX: number, y: readonly number[], meanY: number) =>
    mean(x.map((value, i) => (value - meanX) * (y[i]! - meanY)));
  return covariance(a, meanA, b, meanB) / Math.sqrt(covariance(a, meanA, a, meanA) * covariance(b, meanB, b, meanB));
}

describe('Random', () => {
  // Computed by a second implementation, in Python, so a seed means the same numbers for ever.
  it.each<[seed: number, sequence: number, position: number, stage: RandomPurpose, index: number, expected: number]>([
    [0, 0, 0, 'draw', 0, 0.9699479951504365],
    [1, 0, 0, 'draw', 0, 0.7745928940552103],
    [2 ** 53 - 1, 0, 0, 'draw', 0, 0.9812455689651198],
    [2 ** 32, 0, 0, 'draw', 0, 0.8626317041648646],
    [7, 3, 41, 'draft', 0, 0.9978272775666058],
    [7, 3, 41, 'accept', 0, 0.12460309582404594],
    [7, 3, 41, 'residual', 0, 0.6758167334894658],
    [7, 3, 41, { sampler: 0 }, 0, 0.34806912460350425],
    [7, 3, 41, { sampler: 2 }, 5, 0.9875770581262104],
    [123456789012345, 65538, 1000000, 'draw', 4294967295, 0.9162372977414021],
  ])(
    'seed %d, sequence %d, position %d, stage %j, index %d gives %d',
    (seed, sequence, position, stage, index, expected) => {
      expect(new Random(seed).uniform(sequence, position, stage, index)).toBe(expected);
    },
  );

  it('gives the bits of the uniform number as the key of a draw', () => {
    const random = new Random(7);
    const stages: RandomPurpose[] = ['draw', 'draft', 'residual', { sampler: 1 }];
    for (const [position, stage] of stages.entries()) {
      const [high, low] = random.key(3, position, stage);
      expect(((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53).toBe(random.uniform(3, position, stage));
    }
    expect(new Set([0, 1, 2].map((sequence) => random.key(sequence, 5, 'draw').join())).size).toBe(3);
  });

  it('does not depend on earlier calls', () => {
    const random = new Random(3);
    const first = random.uniform(0, 5, 'draw');
    random.uniform(1, 2, 'accept', 9);
    new Random(4).uniform(0, 5, 'draw');
    expect(random.uniform(0, 5, 'draw')).toBe(first);
  });

  it('stays within [0, 1) and is spread evenly', () => {
    const random = new Random(20);
    const values = numbers(64_000, (position) => random.uniform(0, position, 'draw'));
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    // 63 degrees of freedom: 1 in 1,000 exceeds 103.4, 1 in 1,000 stays below 34.
    const statistic = chiSquare(values, 64);
    expect(statistic).toBeLessThan(103.4);
    expect(statistic).toBeGreaterThan(34);
  });

  it('uses bits below the 32nd', () => {
    const random = new Random(20);
    const low = numbers(6_400, (position) => (random.uniform(0, position, 'draw') * 2 ** 32) % 1);
    expect(chiSquare(low, 64)).toBeLessThan(103.4);
  });

  it.each<[string, (i: number) => number]>([
    ['seeds', (i) => new Random(i).uniform(0, 0, 'draw')],
    ['high halves of seeds', (i) => new Random(i * 2 ** 32).uniform(0, 0, 'draw')],
    ['sequences', (i) => new Random(0).uniform(i, 0, 'draw')],
    ['indices', (i) => new Random(0).uniform(0, 0, 'draw', i)],
    ['sampler stages', (i) => new Random(0).uniform(0, 0, { sampler: i })],
  ])('is spread evenly over %s', (_, number) => {
    expect(chiSquare(numbers(6_400, number), 64)).toBeLessThan(103.4);
  });

  it('gives stages numbers that are unrelated', () => {
    const random = new Random(11);
    const stages: RandomPurpose[] = ['draw', 'draft', 'accept', 'residual', { sampler: 0 }, { sampler: 1 }];
    const series = stages.map((stage) => numbers(4_000, (position) => random.uniform(0, position, stage)));
    for (const [i, a] of series.entries())
      for (const b of series.slice(i + 1)) {
        // The standard deviation is 1 / sqrt(4000) = 0.016.
        expect(Math.abs(correlation(a, b))).toBeLessThan(0.065);
        expect(a.some((value, position) => value === b[position])).toBe(false);
      }
  });

  it('gives neighboring seeds, positions and sequences numbers that are unrelated', () => {
    const base = numbers(4_000, (i) => new Random(5).uniform(0, i, 'draw'));
    for (const other of [
      numbers(4_000, (i) => new Random(6).uniform(0, i, 'draw')),
      numbers(4_000, (i) => new Random(5).uniform(1, i, 'draw')),
      numbers(4_000, (i) => new Random(5).uniform(0, i + 1, 'draw')),
      numbers(4_000, (i) => new Random(5).uniform(0, i, 'draw', 1)),
    ])
      expect(Math.abs(correlation(base, other))).toBeLessThan(0.065);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Infinity])('refuses %d as a seed', (seed) => {
    expect(() => new Random(seed)).toThrow(ParameterError);
    expect(() => new Random(seed)).toThrow(
      `Random: seed must be an integer from 0 to 2^53 - 1, but ${seed} was given.`,
    );
  });

  it('makes up seeds that it accepts', () => {
    const seeds = numbers(20, () => Random.anySeed());
    for (const seed of seeds) expect(new Random(seed).seed).toBe(seed);
    expect(new Set(seeds).size).toBeGreaterThan(15);
  });
});
