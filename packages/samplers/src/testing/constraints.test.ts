import { EmptyDistributionError, ParameterError, UnknownOptionError } from '@tokenwright/core';
import { applyChain } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, type TestRowOptions, testRow } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import {
  allowedTokens,
  exponentialLengthDecay,
  forcedBosToken,
  forcedEosToken,
  minLength,
  minNewTokens,
  normalize,
  prefixAllowedTokens,
  removeInvalid,
  suppressTokens,
  suppressTokensAtBegin,
  topK,
} from '../index.ts';

const gone = -Infinity;
const logits = [1, 2, 3, 4];
const left = (sampler: Parameters<typeof shaped>[0], options?: TestRowOptions): number[] =>
  candidatesOf(shaped(sampler, logits, options));

test('suppress tokens, always or for the first new token only', () => {
  expect(left(suppressTokens({ tokens: [0, 2] }))).toEqual([1, 3]);
  expect(left(suppressTokens({ tokens: [] }))).toEqual([0, 1, 2, 3]);
  const begin = suppressTokensAtBegin({ tokens: [0, 2] });
  expect(left(begin, { prompt: [1, 1] })).toEqual([1, 3]);
  expect(left(begin, { prompt: [1, 1], generated: [3] })).toEqual([0, 1, 2, 3]);
  const third = suppressTokensAtBegin({ tokens: [0, 2], position: 3 });
  expect(left(third, { prompt: [1, 1] })).toEqual([0, 1, 2, 3]);
  expect(left(third, { prompt: [1, 1], generated: [3] })).toEqual([1, 3]);
});

test('allowed tokens, with and without the end tokens, in two vocabularies', () => {
  expect(left(allowedTokens({ tokens: [0, 2] }), { eosTokenIds: [3] })).toEqual([0, 2]);
  const sampler = allowedTokens({ tokens: [0, 2], eosTokenIds: true });
  expect(left(sampler, { eosTokenIds: [3] })).toEqual([0, 2, 3]);
  expect(left(sampler, { eosTokenIds: [1, 9] })).toEqual([0, 1, 2]);
  expect(candidatesOf(shaped(sampler, new Array(40).fill(0), { eosTokenIds: [39] }))).toEqual([0, 2, 39]);
});

test('the allowed function sees the whole text, and may not allow nothing', () => {
  const sampler = prefixAllowedTokens({ allowed: (tokens) => [tokens.at(-1)!, tokens.length] });
  expect(left(sampler, { prompt: [1], generated: [0] })).toEqual([0, 2]);
  expect(() => left(prefixAllowedTokens({ allowed: () => [] }))).toThrow(
    'prefixAllowedTokens: allowed(tokens) at position 0 must be a list of at least one token id',
  );
  expect(() => left(prefixAllowedTokens({ allowed: () => [4] }))).toThrow(ParameterError);
  expect(() => left(prefixAllowedTokens({ allowed: () => [0.5] }))).toThrow(ParameterError);
});

test('prefixAllowedTokens only narrows, and an emptied row names it', () => {
  const chain = [topK({ k: 1 }), prefixAllowedTokens({ allowed: () => [0] })];
  const row = testRow(logits);
  applyChain(row, chain);
  expect(row.sampleable).toBe(false);
  expect(() => row.refuse('prefix-function')).toThrow(EmptyDistributionError);
});

test('forced tokens are revived', () => {
  const begin = forcedBosToken({ token: 2 });
  expect([...shaped(begin, [1, 2, gone, 4], { prompt: [0] })]).toEqual([gone, gone, 0, gone]);
  expect([...shaped(begin, [1, 2, 3, 4], { prompt: [0, 0] })]).toEqual([1, 2, 3, 4]);
  expect([...shaped(forcedBosToken({ token: 2, position: 2 }), logits, { prompt: [0, 0] })]).toEqual([
    gone,
    gone,
    0,
    gone,
  ]);
  expect([...shaped([topK({ k: 1 }), begin], logits, { prompt: [0] })]).toEqual([gone, gone, 0, gone]);
});

test('the end is forced when one more token is allowed', () => {
  const row = (sampler: Parameters<typeof shaped>[0], options: TestRowOptions) => [...shaped(sampler, logits, options)];
  const run = { prompt: [0], generated: [1], maxLength: 3, eosTokenIds: [1, 3] };
  expect(row(forcedEosToken(), run)).toEqual([gone, 0, gone, 0]);
  expect(row(forcedEosToken(), { ...run, maxLength: 4 })).toEqual(logits);
  expect(row(forcedEosToken(), { ...run, eosTokenIds: [] })).toEqual(logits);
  expect(row(forcedEosToken({ eosTokenIds: [0] }), run)).toEqual([0, gone, gone, gone]);
  expect(row(forcedEosToken({ maxLength: 3 }), { ...run, maxLength: 99 })).toEqual([gone, 0, gone, 0]);
});

test('no end before a length, prompt counted or not', () => {
  const run = { prompt: [0, 0], generated: [0], eosTokenIds: [3, 99] };
  expect(left(minLength({ length: 4 }), run)).toEqual([0, 1, 2]);
  expect(left(minLength({ length: 3 }), run)).toEqual([0, 1, 2, 3]);
  expect(left(minLength({ length: 4, eosTokenIds: [0] }), run)).toEqual([1, 2, 3]);
  expect(left(minNewTokens({ count: 2 }), run)).toEqual([0, 1, 2]);
  expect(left(minNewTokens({ count: 1 }), run)).toEqual([0, 1, 2, 3]);
  expect(left(minNewTokens({ count: 2, eosTokenIds: [0, 1] }), run)).toEqual([2, 3]);
});

test.each([
  [{ start: 2, factor: 1.5 }, 2, -2, -2],
  [{ start: 2, factor: 1.5 }, 3, -2, -1],
  [{ start: 2, factor: 1.5 }, 4, -2, 0.5],
  [{ start: 2, factor: 1.5 }, 4, 2, 4.5],
  [{ start: 2, factor: 0.5 }, 3, 2, 1],
  [{ start: 0, factor: 2 }, 1, 0, 0],
  [{ start: 0, factor: 1 }, 5, 3, 3],
  [{ start: 0, factor: 1e9 }, 50, 3, 3.4028234663852886e38],
  [{ start: 0, factor: 1e300 }, 50, 0, 0],
  [{ start: 0, factor: 2 }, 5, gone, gone],
])('length decay %j after %d tokens: %d -> %d', (options, count, logit, expected) => {
  const row = shaped(exponentialLengthDecay(options), [1, logit], {
    prompt: [0, 0, 0],
    generated: new Array(count).fill(0),
    eosTokenIds: [1],
  });
  expect([...row]).toEqual([1, expected]);
});

test('normalize gives log-probabilities of the tokens left', () => {
  const row = shaped(normalize(), [Math.log(2), Math.log(6), gone]);
  expect(Math.exp(row[0]!)).toBeCloseTo(0.25, 6);
  expect(Math.exp(row[1]!)).toBeCloseTo(0.75, 6);
  expect(row[2]).toBe(gone);
  expect([...shaped([topK({ k: 1 }), normalize()], [5, 7])]).toEqual([gone, 0]);
  for (const broken of [
    [1, Number.NaN],
    [1, Infinity],
    [gone, gone],
  ])
    expect([...shaped(normalize(), broken)]).toEqual(broken);
});

test('remove invalid revives', () => {
  const largest = 3.4028234663852886e38;
  expect([...shaped(removeInvalid(), [Number.NaN, Infinity, gone, 2])]).toEqual([0, largest, -largest, 2]);
});

test('ids from another vocabulary are an error', () => {
  for (const sampler of [
    suppressTokens({ tokens: [4] }),
    suppressTokensAtBegin({ tokens: [4] }),
    allowedTokens({ tokens: [4] }),
    forcedBosToken({ token: 4 }),
  ])
    expect(() => left(sampler)).toThrow("must be ids below the vocabulary's 4, but 4 was given.");
});

test('refuse what they cannot do', () => {
  expect(() => suppressTokens({ tokens: [-1] })).toThrow(ParameterError);
  expect(() => suppressTokens({ tokens: 3 as never })).toThrow(ParameterError);
  expect(() => suppressTokensAtBegin({ tokens: [1], position: -1 })).toThrow(ParameterError);
  expect(() => allowedTokens({ tokens: [] })).toThrow(ParameterError);
  expect(() => prefixAllowedTokens({ allowed: [1] as never })).toThrow(ParameterError);
  expect(() => forcedBosToken({ token: 0.5 })).toThrow(ParameterError);
  expect(() => forcedEosToken({ maxLength: 0 })).toThrow(ParameterError);
  expect(() => minLength({ length: -1 })).toThrow(ParameterError);
  expect(() => minNewTokens({ count: 1, eosTokenIds: ['a'] as never })).toThrow(ParameterError);
  expect(() => exponentialLengthDecay({ start: 0, factor: 0 })).toThrow(ParameterError);
  expect(() => minLength({ min_length: 1 } as never)).toThrow(UnknownOptionError);
});
