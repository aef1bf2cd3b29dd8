import { describe, expect, it } from 'vitest';
import { windowStart } from './context-window.ts';

describe('windowStart', () => {
  it.each([
    [8, [0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12]],
    [5, [0, 0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 9]],
    [1, [0, 0, 1, 2, 3]],
    [Infinity, [0, 0, 0]],
  ])('of a context of %d moves by half a context', (contextLength, starts) => {
    expect(starts.map((_, length) => windowStart(length, contextLength))).toEqual(starts);
  });

  it('leaves at least half a context, and at most a whole one', () => {
    for (const contextLength of [1, 2, 3, 10, 17])
      for (let length = contextLength; length < 100; length++) {
        const seen = length - windowStart(length, contextLength);
        expect(seen).toBeLessThanOrEqual(contextLength);
        expect(seen).toBeGreaterThan(Math.floor(contextLength / 2) - 1);
        expect(seen).toBeGreaterThan(0);
      }
  });
});
