import { describe, expect, it } from 'vitest';
import { median, pairedRatio, summarize } from './statistics.ts';

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100, 2], 9.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('of nothing is not a number, and leaves its argument as it is', () => {
    const values = [2, 1];
    median(values);
    expect(values).toEqual([2, 1]);
    expect(median([])).toBeNaN();
  });
});

it('summarizes', () => {
  expect(summarize([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, count: 3 });
});

it('compares round by round, so that a slow round does not count', () => {
  expect(pairedRatio([10, 200, 30], [5, 100, 15])).toBe(2);
  expect(pairedRatio([10, 10, 10], [5, 1, 10])).toBe(2);
});
