import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toyModel } from '../testing/toy-model.ts';
import { advance, commonPrefix } from './advance.ts';
import type { KVCache } from './kv-cache.ts';

const ids = (...tokens: number[]): Int32Array => Int32Array.from(tokens);
const range = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i % 8);
const rowsOf = (cache: KVCache): number[][] => Array.from({ length: cache.rows }, (_, row) => [...cache.tokens(row)]);

/** A model that records the lengths that each forward pass feeds, with a cache of some rows. */
function watched(rows: number, maxTokens = 256) {
  const model = toyModel({ maxTokens, contextLength: 200 });
  const feeds: number[][] = [];
  const forward = model.forward.bind(model);
  model.forward = (tokens, cache, options) => {
    feeds.push(tokens.map(({ length }) => length));
    return forward(tokens, cache, options);
  };
  return { model, feeds, cache: model.createCache({ rows }) };
}

describe('advance', () => {
  it('feeds all tokens of each row to an empty cache, and returns the logits at their ends', async () => {
    const { model, feeds, cache } = watched(2);
    const result = advance(model, cache, [ids(1, 2, 3), ids(4)]);
    expect(feeds).toEqual([[3, 1]]);
    expect(rowsOf(cache)).toEqual([[1, 2, 3], [4]]);
    expect(result.scored).toEqual([1, 1]);
    expect(await result.logits.read()).toEqual(
      Float32Array.of(...model.logitsAfter([1, 2, 3]), ...model.logitsAfter([4])),
    );
  });

  it('feeds only what is new', () => {
    const { model, feeds, cache } = watched(1);
    advance(model, cache, [ids(1, 2, 3)]);
    advance(model, cache, [ids(1, 2, 3, 4, 5)]);
    expect(feeds).toEqual([[3], [2]]);
  });

  it('returns to the common prefix when the cache has another continuation', () => {
    const { model, feeds, cache } = watched(2);
    advance(model, cache, [ids(1, 2, 3, 4), ids(5, 6)]);
    advance(model, cache, [ids(1, 2, 7), ids(5, 6, 0)]);
    expect(feeds).toEqual([
      [4, 2],
      [1, 1],
    ]);
    expect(rowsOf(cache)).toEqual([
      [1, 2, 7],
      [5, 6, 0],
    ]);
  });

  it('feeds the last tokens again when the cache has all of them, because their logits are wanted', async () => {
    const { model, feeds, cache } = watched(1);
    advance(model, cache, [ids(1, 2, 3)]);
    advance(model, cache, [ids(1, 2, 3)]);
    const result = advance(model, cache, [ids(1, 2, 3)], { scored: 2 });
    expect(feeds).toEqual([[3], [1], [2]]);
    expect(await result.logits.read()).toEqual(
      Float32Array.of(...model.logitsAfter([1, 2]), ...model.logitsAfter([1, 2, 3])),
    );
  });

  it('drops the tokens beyond the wanted ones', () => {
    const { model, cache } = watched(1);
    advance(model, cache, [ids(1, 2, 3, 4)]);
    advance(model, cache, [ids(1, 2)]);
    expect(rowsOf(cache)).toEqual([[1, 2]]);
  });

  it('leaves a row unchanged for which nothing is wanted', () => {
    const { model, feeds, cache } = watched(3);
    advance(model, cache, [ids(1, 2), ids(3), ids(4)]);
    const result = advance(model, cache, [ids(1, 2, 3), undefined, ids(5)]);
    expect(feeds.at(-1)).toEqual([1, 0, 1]);
    expect(result.scored).toEqual([1, 0, 1]);
    expect(rowsOf(cache)).toEqual([[1, 2, 3], [3], [5]]);
  });

  it('feeds a long row in chunks, each token once', () => {
    const { model, feeds, cache } = watched(1);
    advance(model, cache, [range(10)], { prefillChunkSize: 4 });
    expect(feeds).toEqual([[4], [2], [4]]);
    expect(rowsOf(cache)).toEqual([[...range(10)]]);
  });

  it('shares a chunk between the rows, which end together', () => {
    const { model, feeds, cache } = watched(2);
    advance(model, cache, [range(9), range(4)], { prefillChunkSize: 6 });
    expect(feeds).toEqual([
      [3, 0],
      [3, 1],
      [3, 3],
    ]);
  });

  it('does not share a chunk with rows for which nothing is wanted', () => {
    const { model, feeds, cache } = watched(2);
    advance(model, cache, [range(8), undefined], { prefillChunkSize: 4 });
    expect(feeds).toEqual([
      [4, 0],
      [4, 0],
    ]);
  });

  it('feeds no more at once than the model allows', () => {
    const { model, feeds, cache } = watched(1, 5);
    advance(model, cache, [range(12)], { prefillChunkSize: 100 });
    expect(feeds).toEqual([[5], [2], [5]]);
  });

  it('calls `between` before each pass, and keeps what was fed when it throws', () => {
    const { model, feeds, cache } = watched(1);
    let asked = 0;
    const between = (): void => {
      if (asked++ === 2) throw new RangeError('stop');
    };
    expect(() => advance(model, cache, [range(10)], { prefillChunkSize: 4, between })).toThrow(RangeError);
    expect(feeds).toEqual([[4], [2]]);
    expect(rowsOf(cache)).toEqual([[...range(6)]]);
  });

  it('disposes the results of all passes but the last', () => {
    const { model, cache } = watched(1);
    const result = advance(model, cache, [range(20)], { prefillChunkSize: 3 });
    expect(model.live.size).toBe(2);
    result.dispose();
    expect([...model.live]).toEqual([cache]);
  });

  it('brings any cache to the wanted tokens, and feeds none twice', async () => {
    const row = fc
      .array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 14 })
      .map((tokens) => ids(...tokens));
    const batch = fc.integer({ min: 1, max: 3 }).chain((rows) =>
      fc.record({
        held: fc.array(row, { minLength: rows, maxLength: rows }),
        wanted: fc.array(row, { minLength: rows, maxLength: rows }),
        prefillChunkSize: fc.integer({ min: 3, max: 20 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(batch, async ({ held, wanted, prefillChunkSize }) => {
        const { model, feeds, cache } = watched(held.length);
        advance(model, cache, held);
        feeds.length = 0;
        const result = advance(model, cache, wanted, { prefillChunkSize });
        expect(rowsOf(cache)).toEqual(wanted.map((tokens) => [...tokens]));
        expect(await result.logits.read()).toEqual(
          Float32Array.from(wanted.flatMap((tokens) => [...model.logitsAfter(tokens)])),
        );
        for (const [i, tokens] of wanted.entries()) {
          const kept = Math.min(commonPrefix(tokens, held[i]!), tokens.length - 1);
          expect(feeds.reduce((sum, lengths) => sum + lengths[i]!, 0)).toBe(tokens.length - kept);
        }
        for (const lengths of feeds) expect(lengths.reduce((a, b) => a + b)).toBeLessThanOrEqual(prefillChunkSize);
      }),
      { numRuns: 200 },
    );
  });
});

describe('commonPrefix', () => {
  it.each([
    [[], [], 0],
    [[1, 2], [], 0],
    [[1, 2], [1, 3], 1],
    [[1, 2], [1, 2, 3], 2],
    [[2], [1], 0],
  ])('of %j and %j is %d', (a, b, length) => {
    expect(commonPrefix(a, b)).toBe(length);
    expect(commonPrefix(Int32Array.from(b), a)).toBe(length);
  });
});
