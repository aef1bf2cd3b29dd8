import { describe, expect, it } from 'vitest';
import type { KVCache } from '../../model/kv-cache.ts';
import { toyModel } from '../../testing/toy-model.ts';
import { RunCache } from './run-cache.ts';

const model = toyModel();
/** A cache of three rows: 0; 1 1; 2 2 2. */
function filled(): KVCache {
  const cache = model.createCache({ rows: 3 });
  model.forward([[0], [1, 1], [2, 2, 2]], cache).dispose();
  return cache;
}
const rowsOf = (cache: KVCache): number[][] => Array.from({ length: cache.rows }, (_, row) => [...cache.tokens(row)]);

describe("a run's view of its own cache", () => {
  it('passes everything on, and disposes it', () => {
    const cache = filled();
    const view = new RunCache(cache, true);
    view.gather([2, 0, 2]);
    expect(rowsOf(cache)).toEqual([[2, 2, 2], [0], [2, 2, 2]]);
    view.truncate([1, 0, 2]);
    expect(rowsOf(cache)).toEqual([[2], [], [2, 2]]);
    expect([view.rows, view.lengths, view.bytes]).toEqual([3, [1, 0, 2], cache.bytes]);
    expect(view.inner).toBe(cache);
    view.dispose();
    expect(model.live.has(cache)).toBe(false);
  });
});

describe("a run's view of the caller's cache", () => {
  it('looks away from rows that end, and leaves them filled', () => {
    const cache = filled();
    const view = new RunCache(cache, false);
    view.gather([0, 2]);
    expect([view.rows, view.lengths, rowsOf(view)]).toEqual([2, [1, 3], [[0], [2, 2, 2]]]);
    view.gather([1]);
    expect(rowsOf(view)).toEqual([[2, 2, 2]]);
    expect(rowsOf(cache)).toEqual([[0], [1, 1], [2, 2, 2]]);
    view.dispose();
    expect(model.live.has(cache)).toBe(true);
    cache.dispose();
  });

  it('truncates the rows that it sees, and no other', () => {
    const cache = filled();
    const view = new RunCache(cache, false);
    view.gather([1, 2]);
    view.truncate([1, 0]);
    expect(rowsOf(cache)).toEqual([[0], [1], []]);
    cache.dispose();
  });

  it('spreads what belongs to its rows over those of the cache', () => {
    const cache = filled();
    const view = new RunCache(cache, false);
    expect(view.spread(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    view.gather([0, 2]);
    expect(view.spread(['a', 'c'])).toEqual(['a', undefined, 'c']);
    view.gather([]);
    expect(view.spread([])).toEqual([undefined, undefined, undefined]);
    cache.dispose();
  });

  it.each([
    ['repeats', [0, 0, 2]],
    ['reorders', [2, 0]],
  ])('takes a fork when a strategy %s rows', (_, rows) => {
    const cache = filled();
    const view = new RunCache(cache, false);
    view.gather([0, 1, 2]);
    view.gather(rows);
    expect(rowsOf(view)).toEqual(rows.map((row) => new Array<number>(row + 1).fill(row)));
    expect(view.spread(rows)).toEqual(rows);
    view.truncate(rows.map(() => 0));
    expect(rowsOf(cache)).toEqual([[0], [1, 1], [2, 2, 2]]);
    const fork = view.inner;
    expect(fork).not.toBe(cache);
    view.dispose();
    expect([model.live.has(fork), model.live.has(cache)]).toEqual([false, true]);
    cache.dispose();
  });

  it('gathers a fork by what it sees, after rows have ended', () => {
    const cache = filled();
    const view = new RunCache(cache, false);
    view.gather([1, 2]);
    view.gather([1, 0, 1]);
    expect(rowsOf(view)).toEqual([
      [2, 2, 2],
      [1, 1],
      [2, 2, 2],
    ]);
    view.dispose();
    cache.dispose();
  });

  it('forks into the rows that it sees', () => {
    const cache = filled();
    const view = new RunCache(cache, false);
    view.gather([0, 2]);
    const fork = view.fork();
    expect(rowsOf(fork)).toEqual([[0], [2, 2, 2]]);
    fork.dispose();
    cache.dispose();
  });
});
