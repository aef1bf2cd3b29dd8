import { History, ParameterError, Random, UnknownOptionError } from '@tokenwright/core';
import { RunState, sampleToken } from '@tokenwright/core/sampling';
import { shaped, testRow } from '@tokenwright/core/testing';
import { assert, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { detectKgwWatermark, type KgwWatermarkOptions, kgwWatermark } from '../index.ts';
import { keyedPermutation } from './keyed-permutation.ts';

const V = 200;
const logitsAt = (position: number): Float32Array =>
  Float32Array.from({ length: V }, (_, id) => 2 * Math.sin((id + 1) * (position + 3) ** 1.5));
const boosted = (options: KgwWatermarkOptions, prompt: number[], vocabSize = V): number[] =>
  Array.from(shaped(kgwWatermark(options), new Float32Array(vocabSize), { prompt })).flatMap((l, id) =>
    l > 0 ? [id] : [],
  );

test('a keyed permutation is a permutation, and depends on its key', () => {
  assert(
    property(integer({ min: 1, max: 3000 }), integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (size, key) => {
      const permute = keyedPermutation(size, [key, 3]);
      const places = new Set(Array.from({ length: size }, (_, value) => permute(value)));
      expect([places.size, Math.min(...places), Math.max(...places)]).toEqual([size, 0, size - 1]);
    }),
    { numRuns: 60 },
  );
  const first = (...key: number[]): number[] =>
    Array.from({ length: 50 }, (_, value) => keyedPermutation(1000, key)(value));
  expect(first(1, 2)).not.toEqual(first(2, 1));
  expect(first(1)).not.toEqual(first(1 + 2 ** 32));
});

test('its places are uniform over keys', () => {
  const counts = new Array(10).fill(0);
  for (let key = 0; key < 5000; key++) counts[keyedPermutation(10, [key])(3)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
  expect(chiSquare).toBeLessThan(33.7);
});

test('left-hash: the share of green tokens is exact, and depends on the key and the token before', () => {
  const green = boosted({}, [7]);
  expect(green.length).toBe(50);
  expect(boosted({}, [1, 2, 7])).toEqual(green);
  expect(boosted({}, [8])).not.toEqual(green);
  expect(boosted({ hashingKey: 5 }, [7])).not.toEqual(green);
  expect(boosted({ greenlistRatio: 0.5 }, [7]).length).toBe(100);
  expect(boosted({}, [])).toEqual([]);
  expect(boosted({ contextWidth: 2 }, [7])).toEqual([]);
  // The numbers themselves, so that text that is marked today is found tomorrow.
  expect(boosted({}, [7], 24)).toMatchInlineSnapshot(`
    [
      3,
      4,
      10,
      11,
      16,
      17,
    ]
  `);
});

test('self-hash: only the 40 largest are tried, and the result depends on the context', () => {
  const options: KgwWatermarkOptions = { seedingScheme: 'self-hash', contextWidth: 2, greenlistRatio: 0.5 };
  const green = boosted(options, [0, 7]);
  expect(green.length).toBeGreaterThan(8);
  expect(Math.max(...green)).toBeLessThan(40);
  expect(boosted(options, [0, 150])).not.toEqual(green);
  expect(boosted({ ...options, contextWidth: 1 }, [7])).toEqual(boosted({ ...options, contextWidth: 1 }, [150]));
});

test('recorded lists replace the permutation', () => {
  const asked: number[][] = [];
  const lists = (context: Int32Array): number[] => {
    asked.push([...context]);
    return [1, 3];
  };
  const row = (scheme: 'left-hash' | 'self-hash'): number[] => [
    ...shaped(
      compat.kgwWatermark({ bias: 1, seedingScheme: scheme, contextWidth: 2, greenlist: lists }),
      [0, 1, -Infinity, -Infinity, 4],
      {
        prompt: [5, 6, 7],
      },
    ),
  ];
  expect(row('left-hash')).toEqual([0, 2, -Infinity, -Infinity, 4]);
  expect(asked).toEqual([[6, 7]]);
  expect(row('self-hash')).toEqual([0, 2, -Infinity, -Infinity, 4]);
  expect(asked.slice(1)).toEqual([
    [7, 4],
    [7, 1],
    [7, 0],
  ]);
});

describe.each<KgwWatermarkOptions>([
  {},
  { greenlistRatio: 0.5, bias: 3 },
  { seedingScheme: 'self-hash', contextWidth: 2 },
  { seedingScheme: 'self-hash', hashingKey: 99 },
])('%j', (options) => {
  const write = (marked: boolean, count: number): number[] => {
    const random = new Random(11);
    let history = History.of([3, 4, 5]);
    for (let i = 0; i < count; i++) {
      const row = marked ? shaped(kgwWatermark(options), logitsAt(i), { history }) : logitsAt(i);
      history = history.append(sampleToken(row, random.key(0, i, 'draw')));
    }
    return [...history.tokens.subarray(3)];
  };
  const { bias: _, ...secret } = options;

  test('marked text is detected, other text and other keys are not', () => {
    const detect = (tokens: number[], more = {}) => detectKgwWatermark(tokens, { ...secret, vocabSize: V, ...more });
    const found = detect(write(true, 150));
    expect(found.scored).toBe(options.seedingScheme === 'self-hash' ? 151 - (options.contextWidth ?? 1) : 149);
    expect(found.zScore).toBeGreaterThan(5);
    expect(Math.abs(detect(write(false, 150)).zScore)).toBeLessThan(3);
    expect(Math.abs(detect(write(true, 150), { hashingKey: 1234567 }).zScore)).toBeLessThan(3.5);
  });

  test('forks, rewinds and interleaved rows give the same as each sequence alone', () => {
    const sampler = kgwWatermark(options);
    const state = new RunState();
    const at = (history: History): number[] => {
      const row = testRow(logitsAt(1), { history, state });
      row.apply(sampler, 0);
      return [...row.logits];
    };
    const alone = (tokens: number[]): number[] => [...shaped(kgwWatermark(options), logitsAt(1), { prompt: tokens })];
    const start = History.of([1]).append(2);
    const [a, b] = [start.append(3), start.append(4)];
    expect(at(b.append(9))).toEqual(alone([1, 2, 4, 9]));
    expect(at(a)).toEqual(alone([1, 2, 3]));
    expect(at(start)).toEqual(alone([1, 2]));
    expect(at(a.append(9))).toEqual(alone([1, 2, 3, 9]));
  });
});

test('repeats can be counted once', () => {
  const tokens = [1, 2, 1, 2, 1, 2];
  expect(detectKgwWatermark(tokens, { vocabSize: V }).scored).toBe(5);
  expect(detectKgwWatermark(tokens, { vocabSize: V, ignoreRepeats: true }).scored).toBe(2);
  expect(detectKgwWatermark([1], { vocabSize: V })).toEqual({ scored: 0, green: 0, zScore: Number.NaN });
});

test('the z-score follows its formula', () => {
  const { scored, green, zScore } = compat.detectKgwWatermark([1, 2, 3, 4, 5], {
    vocabSize: V,
    greenlist: () => [2, 4],
  });
  expect([scored, green]).toEqual([4, 2]);
  expect(zScore).toBeCloseTo((2 - 1) / Math.sqrt(4 * 0.25 * 0.75), 12);
});

test('refuses what it cannot do', () => {
  expect(() => kgwWatermark({ greenlistRatio: 1 })).toThrow(ParameterError);
  expect(() => kgwWatermark({ hashingKey: 0 })).toThrow(ParameterError);
  expect(() => kgwWatermark({ seedingScheme: 'lefthash' as never })).toThrow(UnknownOptionError);
  expect(() => kgwWatermark({ contextWidth: 0 })).toThrow(ParameterError);
  expect(() => compat.kgwWatermark({ greenlist: [1] as never })).toThrow(ParameterError);
  expect(() => detectKgwWatermark([], { vocabSize: 0 })).toThrow(ParameterError);
});
