import { describe, expect, it } from 'vitest';
import { LargestIds } from './largest-ids.ts';
import { Random } from './random.ts';

describe('LargestIds', () => {
  const random = new Random(1);
  const rows = Array.from({ length: 20 }, (_, row) =>
    // Few different values, so that ties are common.
    Array.from({ length: 50 }, (_, id) => Math.floor(random.uniform(row, id, 'draw') * 12)),
  );

  it.each([1, 2, 7, 49, 50, 60])('collects the %i largest, on ties the lower ids, in any order of offers', (count) => {
    for (const row of rows) {
      const expected = row
        .map((logit, id) => ({ logit, id }))
        .sort((a, b) => b.logit - a.logit || a.id - b.id)
        .slice(0, count);
      for (const order of [[...row.keys()], [...row.keys()].reverse()]) {
        const largest = new LargestIds(count);
        for (const id of order) largest.offer(id, row[id]!);
        expect([...largest.ids].sort((a, b) => a - b)).toEqual(expected.map(({ id }) => id).sort((a, b) => a - b));
        expect(largest.floor).toBe(count > row.length ? -Infinity : expected.at(-1)!.logit);
      }
    }
  });
});
