import { History, ParameterError, Random } from '@tokenwright/core';
import { probabilities, RunState, sampleToken } from '@tokenwright/core/sampling';
import { shaped, testRow } from '@tokenwright/core/testing';
import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { detectSynthId, synthId, topK } from '../index.ts';

const keys = [664752120, 747562707, 1286854436, 1594120391, 1218373671, 215758011, 1403231459, 152437326];
const V = 64;
const logitsAt = (position: number): Float32Array =>
  Float32Array.from({ length: V }, (_, id) => 2 * Math.sin((id + 1) * (position + 3) ** 1.5));

/** The bit of an n-gram by the definition, in big integers. */
function bitOf(ngram: readonly number[], key: number, table: readonly number[]): number {
  const step = (h: bigint, x: number): bigint => BigInt.asIntN(64, (h + BigInt(x)) * 6364136223846793005n + 1n);
  const hash = step(ngram.reduce(step, 1n), key);
  const size = BigInt(table.length);
  return table[Number(((hash % size) + size) % size)]!;
}

test.each([1, 2, 7, 1000, 1024, 65537])('bits follow the definition, table of %d', (size) => {
  const random = new Random(size);
  const samplingTable = Array.from({ length: size }, (_, at) => (random.uniform(0, at, 'draw') < 0.5 ? 0 : 1));
  assert(
    property(array(integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 3, maxLength: 6 }), (tokens) => {
      const { bits } = detectSynthId(tokens, { keys: [...keys, -5], ngramLength: 3, samplingTable });
      expect(bits.map((layers) => [...layers])).toEqual(
        tokens.slice(2).map((_, at) => [...keys, -5].map((key) => bitOf(tokens.slice(at, at + 3), key, samplingTable))),
      );
    }),
    { numRuns: 30 },
  );
});

test('a tournament of one layer by hand', () => {
  // Bits of the tokens 0, 1, 2 after the context [0]: see the definition.
  const samplingTable = [0, 1];
  const g = [0, 1, 2].map((id) => bitOf([0, id], 3, samplingTable));
  const p = [0.5, 0.3, 0.2];
  const mass = p.reduce((sum, value, id) => sum + value * g[id]!, 0);
  const row = shaped(synthId({ keys: [3], ngramLength: 2, samplingTable }), p.map(Math.log), { prompt: [2, 1] });
  p.forEach((value, id) => {
    expect(Math.exp(row[id]!)).toBeCloseTo(value * (1 + g[id]! - mass), 6);
  });
});

test('the result is a distribution over the same tokens, and its mean over keys is the input', () => {
  const logits = logitsAt(0).map((logit, id) => (id % 3 === 0 ? -Infinity : logit));
  const before = probabilities(logits);
  const mean = new Float64Array(V);
  const runs = 600;
  for (let key = 0; key < runs; key++) {
    const marked = shaped(synthId({ keys: [key * 7919 + 1, key * 104729 + 2], samplingTable: { size: 4096 } }), logits);
    const after = probabilities(marked);
    expect(after.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    after.forEach((value, id) => {
      if (before[id] === 0) expect(value).toBe(0);
      mean[id]! += value / runs;
    });
  }
  mean.forEach((value, id) => {
    expect(Math.abs(value - before[id]!)).toBeLessThan(5 * Math.sqrt(before[id]! / runs) * 0.8 + 1e-3);
  });
});

function write(marked: boolean, count: number, seed = 4): number[] {
  const random = new Random(seed);
  const sampler = synthId({ keys });
  let history = History.of([1, 2, 3]);
  for (let i = 0; i < count; i++) {
    const row = marked ? shaped(sampler, logitsAt(i), { history, promptLength: 3 }) : logitsAt(i);
    history = history.append(sampleToken(row, random.key(0, i, 'draw')));
  }
  return [...history.tokens.subarray(3)];
}

test('marked text is detected, other text and other keys are not', () => {
  const found = detectSynthId(write(true, 200), { keys });
  expect(found.scored).toBe(196);
  expect(found.zScore).toBeGreaterThan(5);
  expect(found.mean).toBeGreaterThan(0.53);
  expect(found.weightedMean).toBeGreaterThan(0.53);
  expect(Math.abs(detectSynthId(write(false, 200), { keys }).zScore)).toBeLessThan(3);
  expect(Math.abs(detectSynthId(write(true, 200), { keys: keys.map((key) => key + 1) }).zScore)).toBeLessThan(3);
});

test('scores follow their formulas', () => {
  const tokens = [5, 6, 7, 8, 5, 6, 9, 5, 6, 2, 0, 3, 4];
  const options = { keys, ngramLength: 3, eosTokenIds: [0] };
  const { bits, counted, scored, mean, weightedMean, zScore } = detectSynthId(tokens, options);
  // The contexts [5, 6] come again, and what follows the end does not count.
  expect(counted.map(Number)).toEqual([1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0]);
  expect(scored).toBe(6);
  const rows = bits.filter((_, at) => counted[at]);
  const weights = keys.map((_, layer) => 10 - (9 * layer) / 7);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const plain = rows.flatMap((row) => [...row]).reduce((sum, bit) => sum + bit, 0) / 48;
  const weighted = rows.reduce((sum, row) => sum + row.reduce((s, bit, layer) => s + bit * weights[layer]!, 0), 0);
  expect(mean).toBeCloseTo(plain, 12);
  expect(weightedMean).toBeCloseTo(weighted / (total * 6), 12);
  expect(zScore).toBeCloseTo((plain - 0.5) / Math.sqrt(0.25 / 48), 12);
  const even = detectSynthId(tokens, { ...options, weights: keys.map(() => 3) });
  expect(even.weightedMean).toBeCloseTo(even.mean, 12);
  expect(detectSynthId([1], options).zScore).toBeNaN();
});

test('a context that occurred before is not marked again, within the history', () => {
  const marks = (generated: number[], contextHistory: number): boolean => {
    const sampler = synthId({ keys, ngramLength: 3, contextHistory });
    return shaped(sampler, logitsAt(0), { prompt: [9], generated }).some((logit, id) => logit !== logitsAt(0)[id]);
  };
  expect(marks([1, 2, 3, 1], 100)).toBe(true);
  expect(marks([1, 2, 3, 1, 2], 100)).toBe(false);
  expect(marks([1, 2, 3, 1, 2], 3)).toBe(false);
  expect(marks([1, 2, 3, 1, 2], 2)).toBe(true);
  expect(marks([1, 2, 3, 1, 2], 0)).toBe(true);
  // Zeros precede the reply.
  expect(marks([0], 100)).toBe(false);
});

test('the first tokens can be left out, and the prompt does not matter', () => {
  const sampler = synthId({ keys, ngramLength: 3, skipFirst: true });
  const plain = [...logitsAt(0)];
  expect([...shaped(sampler, plain, { prompt: [5, 6, 7], generated: [1] })]).toEqual(plain);
  const marked = [...shaped(sampler, plain, { prompt: [5, 6, 7], generated: [1, 2] })];
  expect(marked).not.toEqual(plain);
  expect([...shaped(sampler, plain, { prompt: [], generated: [1, 2] })]).toEqual(marked);
});

test('after a filter only the remaining tokens are marked; broken rows stay as they are', () => {
  const sampler = synthId({ keys });
  const row = testRow(logitsAt(2));
  row.apply(topK({ k: 5 }), 0);
  const left = [...row.candidates!];
  row.apply(sampler, 1);
  expect([...row.candidates!]).toEqual(left);
  expect([...shaped([topK({ k: 5 }), sampler], logitsAt(2))]).toEqual([...row.logits]);
  for (const broken of [
    [1, Number.NaN],
    [1, Infinity],
    [-Infinity, -Infinity],
  ])
    expect([...shaped(sampler, broken)]).toEqual(broken);
  expect(shaped(sampler, [-Infinity, 3])[1]).toBeCloseTo(0, 9);
});

test('forks, rewinds and interleaved rows give the same as each sequence alone', () => {
  const sampler = synthId({ keys, ngramLength: 3 });
  const state = new RunState();
  const at = (history: History, sequence = 0): number[] => {
    const row = testRow(logitsAt(1), { history, state, promptLength: 2, sequence });
    row.apply(sampler, 0);
    return [...row.logits];
  };
  const alone = (generated: number[]): number[] => [
    ...shaped(synthId({ keys, ngramLength: 3 }), logitsAt(1), { prompt: [9, 8], generated }),
  ];
  const start = History.of([9, 8]).append(1).append(2);
  const [a, b] = [start.append(3), start.append(4)];
  expect(at(b.append(1).append(2), 1)).toEqual(alone([1, 2, 4, 1, 2]));
  expect(at(a)).toEqual(alone([1, 2, 3]));
  expect(at(a.append(4))).toEqual(alone([1, 2, 3, 4]));
  expect(at(start)).toEqual(alone([1, 2]));
  expect(at(b, 1)).toEqual(alone([1, 2, 4]));
  expect(at(b.append(1).append(2), 1)).toEqual([...logitsAt(1)]);
});

test('refuses what it cannot do', () => {
  expect(() => synthId({ keys: [] })).toThrow(ParameterError);
  expect(() => synthId({ keys: [0.5] })).toThrow(ParameterError);
  expect(() => synthId({ keys, ngramLength: 1 })).toThrow(ParameterError);
  expect(() => synthId({ keys, samplingTable: [0, 2] })).toThrow(ParameterError);
  expect(() => synthId({ keys, samplingTable: { size: 0 } })).toThrow(ParameterError);
  expect(() => synthId({ keys, contextHistory: -1 })).toThrow(ParameterError);
  expect(() => detectSynthId([], { keys, weights: [1] })).toThrow(ParameterError);
  expect(() => detectSynthId([], { keys, weights: keys.map(() => 0) })).toThrow(ParameterError);
});
