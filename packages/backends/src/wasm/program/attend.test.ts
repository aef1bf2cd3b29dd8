import type { Frame } from '@tokenwright/core/engine';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rowBytes } from '../../graph/compiler.ts';
import type { CacheElement } from '../../paged/paged-rows.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { FrameMemory } from '../cache/frame-memory.ts';
import { PagedStore } from '../cache/paged-store.ts';
import { tryRelaxed } from '../module/kernels.ts';
import * as layout from '../module/layout.ts';
import { KernelBench } from '../testing/kernel-bench.ts';
import { mixture, type Seen, turned } from '../testing/plain-kernels.ts';
import { normals } from '../testing/tiny-models.ts';

interface Setting {
  readonly keyHeads: number;
  /** Query heads per key head. */
  readonly shared: number;
  readonly headDim: number;
  /** Length of each of two rows before the call, and the number of tokens that are appended. */
  readonly held: readonly [number, number];
  readonly fed: readonly [number, number];
  /** Sliding window of the layer; 0: none. */
  readonly window: number;
  /** Sliding window of the cache. */
  readonly cacheWindow: { readonly size: number; readonly sinks: number } | undefined;
  readonly softcap: number;
  readonly biased: boolean;
  readonly rotary: 'neox' | 'interleaved' | undefined;
  readonly seed: number;
}

const settings: fc.Arbitrary<Setting> = fc.record({
  keyHeads: fc.integer({ min: 1, max: 2 }),
  shared: fc.integer({ min: 1, max: 3 }),
  headDim: fc.integer({ min: 1, max: 12 }).map((half) => 2 * half),
  held: fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 70 })),
  fed: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })),
  window: fc.constantFrom(0, 0, 5, 64),
  cacheWindow: fc.option(fc.record({ size: fc.integer({ min: 1, max: 90 }), sinks: fc.integer({ min: 0, max: 70 }) }), {
    nil: undefined,
  }),
  softcap: fc.constantFrom(0, 0, 2),
  biased: fc.boolean(),
  rotary: fc.constantFrom(undefined, 'neox', 'interleaved'),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

const reach = 200;

describe.each((await tryRelaxed()).works ? [false, true] : [false])('attention, relaxed SIMD %s', (relaxed) => {
  let bench: KernelBench;
  beforeAll(async () => {
    bench = await KernelBench.start(relaxed);
  });
  afterEach(() => {
    bench.reset();
    expect(bench.machine.heap.bytes).toBe(0);
  });

  // An 8-bit cache rounds its numbers. The plain form receives the rounded ones.
  it.each<[CacheElement, number]>([
    ['f32', 1e-5],
    ['f16', 1e-5],
    ['8-bit', 1e-3],
  ])('is a softmax over the slots that a token sees: %s', async (element, tolerance) => {
    await fc.assert(
      fc.asyncProperty(settings, async (setting) => {
        const { received, expected } = await run(bench, element, setting);
        const largest = expected.flatMap((row) => [...row]).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        for (const [token, row] of expected.entries())
          for (const [i, value] of row.entries())
            if (!(Math.abs(received[token]![i]! - value) <= tolerance * largest))
              expect.fail(`token ${token}, ${i}: ${received[token]![i]}, not ${value}`);
      }),
      { numRuns: 25 },
    );
  });

  it('attends to the whole source of its row', async () => {
    const { machine } = bench;
    const [keyHeads, shared, headDim] = [2, 2, 6];
    const [width, heads] = [keyHeads * headDim, keyHeads * shared];
    const next = normals(5);
    const row = (length: number): Float32Array => Float32Array.from({ length }, next);
    const pool = new BlockPool(machine, { layers: 1, kvHeads: keyHeads, headDim }, 'f32');
    const store = new PagedStore(pool, 2);
    const memory = new FrameMemory(machine, frameSizes);
    // Two sources of 70 and 3 tokens, stored 16 tokens at a time.
    const sources = [70, 3].map((length) => Array.from({ length }, () => ({ key: row(width), value: row(width) })));
    for (const [index, source] of sources.entries())
      for (let first = 0; first < source.length; first += 16) {
        const part = source.slice(first, first + 16);
        store.reserve(index, first + part.length);
        memory.write(frameOf(part.map((_, i) => [index, first + i])), store, true);
        bench.runFrame(
          layout.operationStoreEncoderKeyValues,
          {
            [layout.attendKeys]: bench.rows(
              part.map(({ key }) => key),
              width,
            ),
            [layout.attendKeysStride]: width * 4,
            [layout.attendValues]: bench.rows(
              part.map(({ value }) => value),
              width,
            ),
            [layout.attendValuesStride]: width * 4,
            [layout.attendKeyHeads]: keyHeads,
            [layout.attendHeadSize]: headDim,
          },
          {},
          memory.address,
        );
        store.grown(index, first + part.length);
      }
    // Three rows that read source 1, 0 and 0.
    const ofRow = Int32Array.of(1, 0, 0);
    const own = new PagedStore(pool, 3);
    const frame = frameOf([
      [0, 0],
      [1, 5],
      [2, 9],
    ]);
    memory.write(frame, own);
    memory.writeSources(frame.rows, ofRow, store);
    const queries = [row(heads * headDim), row(heads * headDim), row(heads * headDim)];
    const stride = rowBytes(heads * headDim);
    const output = bench.room((3 * stride) / 4);
    bench.runFrame(
      layout.operationAttend,
      {
        [layout.entryInput]: bench.rows(queries, stride / 4),
        [layout.entryInputStride]: stride,
        [layout.entryOutput]: output,
        [layout.entryOutputStride]: stride,
        [layout.attendHeads]: heads,
        [layout.attendKeyHeads]: keyHeads,
        [layout.attendHeadSize]: headDim,
        [layout.attendCross]: 1,
      },
      { [layout.attendScale]: 0.5 },
      memory.address,
    );
    for (const [index, query] of queries.entries()) {
      const received = bench.read(output + index * stride, heads * headDim);
      for (let head = 0; head < heads; head++) {
        const at = Math.floor(head / shared) * headDim;
        const seen = sources[ofRow[index]!]!.map(({ key, value }) => ({
          key: key.subarray(at, at + headDim),
          value: value.subarray(at, at + headDim),
        }));
        const expected = mixture(
          query.subarray(head * headDim, (head + 1) * headDim),
          seen.map(({ key, value }) => ({ key, value, adjust: (score) => score * 0.5 })),
        );
        for (const [i, value] of expected.entries()) expect(received[head * headDim + i]).toBeCloseTo(value, 5);
      }
    }
    store.dispose();
    own.dispose();
    memory.dispose();
  });
});

const frameSizes = { maxTokens: 16, maxSlots: 256, taps: 4, scratchBytes: 65536, panelBytes: 65536 };

/** A frame of tokens, each with its row and its slot. */
function frameOf(tokens: readonly (readonly [row: number, slot: number])[]): Frame {
  const slots = tokens.map(([, slot]) => slot);
  return {
    ids: new Int32Array(tokens.length),
    rows: Int32Array.from(tokens, ([row]) => row),
    positions: Int32Array.from(slots),
    slots: Int32Array.from(slots),
    scored: new Int32Array(0),
  };
}

/** Fill a layer of a cache, attend to it, and compute the same from the content of the cache. */
async function run(bench: KernelBench, element: CacheElement, setting: Setting) {
  const { keyHeads, shared, headDim, held, fed, window, cacheWindow, softcap, biased, rotary, seed } = setting;
  const { machine } = bench;
  const next = normals(seed);
  const row = (length: number): Float32Array => Float32Array.from({ length }, next);
  const heads = keyHeads * shared;
  const width = keyHeads * headDim;
  const pool = new BlockPool(machine, { layers: 2, kvHeads: keyHeads, headDim }, element);
  const store = new PagedStore(pool, 2);
  const memory = new FrameMemory(machine, frameSizes);
  try {
    for (const [index, length] of held.entries())
      for (const layer of [0, 1]) store.write(index, layer, row(length * width), row(length * width));
    const rows = [...Array(fed[0]).fill(0), ...Array(fed[1]).fill(1)] as number[];
    const slots = rows.map((index, token) => held[index]! + token - (index === 0 ? 0 : fed[0]));
    for (const index of [0, 1]) store.reserve(index, held[index]! + fed[index]!);
    const frame = frameOf(rows.map((index, token) => [index, slots[token]!]));
    const [queries, keys, values] = [heads, keyHeads, keyHeads].map((count) => rows.map(() => row(count * headDim)));
    const bias = Array.from({ length: heads }, () => row(2 * reach + 1));
    const angles = Array.from({ length: 256 }, (_, position) =>
      Float32Array.from({ length: headDim }, (__, i) =>
        (i < headDim / 2 ? Math.cos : Math.sin)(position / 50 ** ((2 * (i % (headDim / 2))) / headDim)),
      ),
    );
    const stride = rowBytes(heads * headDim);
    const output = bench.room((rows.length * stride) / 4);
    // Only the frame has the window, so that slots outside it can still be inspected.
    const windowed = { pool, window: cacheWindow, addresses: (index: number) => store.addresses(index) };
    memory.write(frame, windowed as unknown as PagedStore);
    bench.runFrame(
      layout.operationAttend,
      {
        [layout.entryInput]: bench.rows(queries!, stride / 4),
        [layout.entryInputStride]: stride,
        [layout.entryOutput]: output,
        [layout.entryOutputStride]: stride,
        [layout.attendKeys]: bench.rows(keys!, width),
        [layout.attendKeysStride]: width * 4,
        [layout.attendValues]: bench.rows(values!, width),
        [layout.attendValuesStride]: width * 4,
        [layout.attendHeads]: heads,
        [layout.attendKeyHeads]: keyHeads,
        [layout.attendHeadSize]: headDim,
        [layout.attendLayer]: 1,
        [layout.attendWindow]: window,
        ...(biased && { [layout.attendBias]: bench.rows(bias, 2 * reach + 1), [layout.attendBiasReach]: reach }),
        ...(rotary !== undefined && {
          [layout.attendTurn]: 3,
          [layout.rotaryTable]: bench.rows(angles, headDim),
          [layout.rotaryWidth]: headDim,
          [layout.rotaryPairs]: rotary === 'interleaved' ? 1 : 0,
        }),
      },
      { [layout.attendScale]: 0.5, [layout.attendSoftcap]: softcap },
      memory.address,
    );
    const received = rows.map((_, token) => bench.read(output + token * stride, heads * headDim));

    for (const index of [0, 1]) store.grown(index, held[index]! + fed[index]!);
    const inCache = [await store.read(0, 1), await store.read(1, 1)];
    const expected = rows.map((index, token) => {
      const position = slots[token]!;
      const firstKept = cacheWindow === undefined ? 0 : Math.max(0, position - cacheWindow.size + 1);
      const sinks = Math.min(cacheWindow?.sinks ?? 0, firstKept);
      const first = window === 0 ? firstKept : Math.max(firstKept, position - window + 1);
      const result = new Float64Array(heads * headDim);
      for (let head = 0; head < heads; head++) {
        const part = queries![token]!.subarray(head * headDim, (head + 1) * headDim);
        const query = rotary === undefined ? part : turned(part, angles[position]!, headDim, rotary);
        const at = Math.floor(head / shared) * headDim;
        const seen: Seen[] = [];
        for (let slot = 0; slot <= position; slot++) {
          if (slot >= sinks && slot < first) continue;
          const from = slot * width + at;
          seen.push({
            key: inCache[index]!.keys.subarray(from, from + headDim),
            value: inCache[index]!.values.subarray(from, from + headDim),
            adjust(product) {
              const capped = softcap > 0 ? softcap * Math.tanh((product * 0.5) / softcap) : product * 0.5;
              return biased ? capped + bias[head]![slot - position + reach]! : capped;
            },
          });
        }
        result.set(mixture(query, seen), head * headDim);
      }
      return result;
    });
    return { received, expected };
  } finally {
    store.dispose();
    memory.dispose();
    bench.reset();
  }
}
