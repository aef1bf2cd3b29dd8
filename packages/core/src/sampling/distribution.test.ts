import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largest, logProbabilities, logSumExp, probabilities, rankOf, topTokens } from './distribution.ts';

const removed = -Infinity;
const logits = (...values: number[]): Float32Array => Float32Array.from(values);
/** The logits of these probabilities. */
const logs = (...values: number[]): Float32Array => Float32Array.from(values, Math.log);

/** Rows in which ties and removed tokens are common, with the ids that are left. */
const rows = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: -4, max: 4 }) },
      { weight: 3, arbitrary: fc.float({ min: -30, max: 30, noNaN: true }) },
      { weight: 2, arbitrary: fc.constant(removed) },
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((values) => Float32Array.from(values));
const leftOf = (row: Float32Array): Int32Array => Int32Array.from([...row.keys()].filter((id) => row[id]! > removed));

describe('largest', () => {
  it.each([
    ['the largest', [1, 3, 2], { id: 1, logit: 3 }],
    ['the lowest id on ties', [1, 3, 3], { id: 1, logit: 3 }],
    ['none when all are removed', [removed, removed], { id: -1, logit: removed }],
    ['none when a logit is NaN', [1, Number.NaN, 5], { id: -1, logit: Number.NaN }],
    ['infinity', [1, Infinity], { id: 1, logit: Infinity }],
  ])('finds %s', (_, values, expected) => {
    expect(largest(logits(...values))).toEqual(expected);
  });

  it('looks at nothing but the candidates', () => {
    expect(largest(logits(9, 3, 3, 1), Int32Array.of(1, 2, 3))).toEqual({ id: 1, logit: 3 });
    expect(largest(logits(9, 3), Int32Array.of())).toEqual({ id: -1, logit: removed });
  });
});

describe('logSumExp and probabilities', () => {
  it('normalize a row', () => {
    const row = logs(0.1, 0.2, 0.3, 0.4);
    expect(logSumExp(row)).toBeCloseTo(0, 6);
    for (const [id, p] of [0.1, 0.2, 0.3, 0.4].entries()) {
      expect(probabilities(row)[id]).toBeCloseTo(p, 6);
      expect(logProbabilities(row)[id]).toBeCloseTo(Math.log(p), 6);
    }
  });

  it('do not overflow, nor lose what is small', () => {
    expect(logSumExp(logits(1000, 1000))).toBeCloseTo(1000 + Math.LN2, 10);
    expect(logSumExp(logits(-1000, -1000))).toBeCloseTo(-1000 + Math.LN2, 10);
    expect([...probabilities(logits(3e38, -3e38))]).toEqual([1, 0]);
  });

  it('give removed tokens nothing', () => {
    expect([...probabilities(logits(0, removed, 0))]).toEqual([0.5, 0, 0.5]);
    expect([...logProbabilities(logits(0, removed, 0))]).toEqual([-Math.LN2, removed, -Math.LN2]);
  });

  it('say so when nothing is left, or a logit is NaN', () => {
    expect(logSumExp(logits(removed, removed))).toBe(removed);
    expect(logSumExp(logits(0, Number.NaN))).toBeNaN();
    expect(logSumExp(logits(0, Infinity))).toBe(Infinity);
  });

  it('give the same with the candidates listed', () => {
    fc.assert(
      fc.property(rows, (row) => {
        fc.pre(leftOf(row).length > 0);
        const left = leftOf(row);
        expect(logSumExp(row, left)).toBe(logSumExp(row));
        expect(probabilities(row, left)).toEqual(probabilities(row));
        expect(logProbabilities(row, left)).toEqual(logProbabilities(row));
        expect(probabilities(row).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('rankOf', () => {
  it('counts what is larger, so that equals share a rank', () => {
    expect([0, 1, 2, 3].map((id) => rankOf(logits(1, 3, 3, removed), id))).toEqual([3, 1, 1, 4]);
  });
});

describe('topTokens', () => {
  it('lists by descending value, on ties the lower id first', () => {
    expect([...topTokens(logits(1, 3, 2, 3), 3)]).toEqual([1, 3, 2]);
  });

  it('leaves out what is removed, and gives no more than there is', () => {
    expect([...topTokens(logits(removed, 2, removed, 3), 4)]).toEqual([3, 1]);
    expect([...topTokens(logits(1, 2), 9)]).toEqual([1, 0]);
    expect([...topTokens(logits(removed), 1)]).toEqual([]);
  });

  it('gives nothing when nothing is asked for', () => {
    expect([...topTokens(logits(1, 2), 0)]).toEqual([]);
  });

  it('is the start of a full sort, with the candidates listed or not', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 45 }), (row, count) => {
        const sorted = [...leftOf(row)].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, count);
        expect([...topTokens(row, count)]).toEqual(sorted);
        expect([...topTokens(row, count, leftOf(row))]).toEqual(sorted);
      }),
      { numRuns: 300 },
    );
  });
});

it('finds the largest logit and NaN at any index', () => {
  for (let size = 0; size < 14; size++)
    for (let at = 0; at < size; at++) {
      const row = Float32Array.from({ length: size }, (_, id) => (id % 3) - 5);
      expect(largest(row.with(at, 9))).toEqual({ id: at, logit: 9 });
      expect(largest(row.with(at, Number.NaN))).toEqual({ id: -1, logit: Number.NaN });
      expect(largest(new Float32Array(size).fill(-Infinity).with(at, -7))).toEqual({ id: at, logit: -7 });
      // On ties, the first.
      expect(largest(row.with(at, 9).with(size - 1, 9))).toEqual({ id: at, logit: 9 });
    }
  expect(largest(new Float32Array(6).fill(-Infinity))).toEqual({ id: -1, logit: -Infinity });
});
