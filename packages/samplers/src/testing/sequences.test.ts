import { ParameterError, type Tokenizer, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { badWords, badWordTokens, encoderNoRepeatNgram, noRepeatNgram, sequenceBias, tokenBias } from '../index.ts';

const flat = [0, 0, 0, 0];

test.each([
  [[1, 2, 3, 1, 2], 3, [0, 1, 2]],
  [[1, 2, 3, 1, 2], 2, [0, 1, 2]],
  [[1, 2, 3, 1, 2], 1, [0]],
  [[1, 2, 3, 1, 2], 5, [0, 1, 2, 3]],
  [[1, 2, 3, 1, 2], 9, [0, 1, 2, 3]],
  [[1, 1, 1], 2, [0, 2, 3]],
  [[], 1, [0, 1, 2, 3]],
  [[9, 9], 1, [0, 1, 2, 3]],
])('no-repeat n-gram after %j, size %d, leaves %j', (prompt, size, left) => {
  expect(candidatesOf(shaped(noRepeatNgram({ size }), flat, { prompt }))).toEqual(left);
});

test('no-repeat n-gram: the prompt may be left out', () => {
  const sampler = noRepeatNgram({ size: 2, countPrompt: false });
  expect(candidatesOf(shaped(sampler, flat, { prompt: [1, 2], generated: [1] }))).toEqual([0, 1, 2, 3]);
  expect(candidatesOf(shaped(sampler, flat, { prompt: [1, 2], generated: [1, 3, 1] }))).toEqual([0, 1, 2]);
});

test('with it, no sequence of the size comes about twice', () => {
  assert(
    property(array(integer({ min: 0, max: 3 }), { maxLength: 60 }), integer({ min: 2, max: 4 }), (requests, size) => {
      const tokens: number[] = [];
      for (const request of requests) {
        const left = candidatesOf(shaped(noRepeatNgram({ size }), flat, { prompt: tokens }));
        if (left.length === 0) break;
        tokens.push(left[request % left.length]!);
      }
      const seen = tokens.slice(size - 1).map((_, at) => tokens.slice(at, at + size).join());
      expect(new Set(seen).size).toBe(seen.length);
    }),
  );
});

test.each([
  [[1, 2, 3], [0, 1, 2], 3, [0, 1, 2]],
  [[1, 2, 3], [2, 1], 3, [0, 1, 2, 3]],
  [[1, 2, 3], [2], 3, [0, 1, 2, 3]],
  [[1, 2, 3, 0], [0, 2], 2, [0, 1, 2]],
])('encoder no-repeat n-gram: source %j, text %j, size %d leaves %j', (source, prompt, size, left) => {
  expect(candidatesOf(shaped(encoderNoRepeatNgram({ size }), flat, { source, prompt }))).toEqual(left);
});

test('token bias adds, removes, and revives nothing', () => {
  const sampler = tokenBias({ biases: { 0: 4, 2: -1, 3: '-Infinity' } });
  expect([...shaped(sampler, [1, 2, 3, 4])]).toEqual([5, 2, 2, -Infinity]);
  expect([...shaped(sampler, [-Infinity, 2, 3, 4])]).toEqual([-Infinity, 2, 2, -Infinity]);
  expect(sampler.parameters).toEqual({ biases: { 0: 4, 2: -1, 3: '-Infinity' } });
  expect([...shaped(tokenBias({ biases: {} }), [1])]).toEqual([1]);
  expect(() => shaped(sampler, [1, 2, 3])).toThrow(
    "tokenBias: biases must be ids below the vocabulary's 3, but 3 was given.",
  );
});

test('sequence bias meets the text at its end', () => {
  const sampler = sequenceBias({
    sequences: [
      { tokens: [1, 2], bias: 2 },
      { tokens: [0, 1, 2], bias: 0.5 },
      { tokens: [3], bias: -1 },
      { tokens: [1, 0], bias: '-Infinity' },
    ],
  });
  expect([...shaped(sampler, flat, { prompt: [0, 1] })]).toEqual([-Infinity, 0, 2.5, -1]);
  expect([...shaped(sampler, flat, { prompt: [1] })]).toEqual([-Infinity, 0, 2, -1]);
  expect([...shaped(sampler, flat)]).toEqual([0, 0, 0, -1]);
});

test("needs 'sequence' asks for a text as long as the sequence", () => {
  const tokens = [1, 2];
  const sampler = compat.sequenceBias({ sequences: [{ tokens, bias: 2 }], needs: 'sequence' });
  expect(shaped(sampler, flat, { prompt: [1] })[2]).toBe(0);
  expect(shaped(sampler, flat, { prompt: [3, 1] })[2]).toBe(2);
  expect(
    candidatesOf(shaped(compat.badWords({ words: [tokens], needs: 'sequence' }), flat, { prompt: [1] })),
  ).toContain(2);
  expect(candidatesOf(shaped(badWords({ words: [tokens] }), flat, { prompt: [1] }))).not.toContain(2);
});

test('bad words: a lone end token is skipped', () => {
  const sampler = badWords({ words: [[1, 2], [3], [0]] });
  expect(candidatesOf(shaped(sampler, flat, { prompt: [1] }))).toEqual([1]);
  expect(candidatesOf(shaped(sampler, flat, { prompt: [1], eosTokenIds: [3] }))).toEqual([1, 3]);
  expect(candidatesOf(shaped(sampler, flat, { prompt: [2] }))).toEqual([1, 2]);
});

test('bad words from texts, with and without a space before', () => {
  const tokenizer: Tokenizer = {
    vocabSize: 128,
    encode: (text) => Array.from(text, (character) => character.codePointAt(0)!),
    decode: (ids) => String.fromCodePoint(...Array.from(ids)),
  };
  expect(badWordTokens(tokenizer, ['no', ' no', ''])).toEqual([
    [110, 111],
    [32, 110, 111],
  ]);
});

test('refuse what they cannot do', () => {
  expect(() => noRepeatNgram({ size: 0 })).toThrow(ParameterError);
  expect(() => encoderNoRepeatNgram({ size: 0 })).toThrow(ParameterError);
  expect(() => tokenBias({ biases: { 1: Number.NaN } })).toThrow(ParameterError);
  for (const key of ['a', '', ' 1', '1e1', '-1'])
    expect(() => tokenBias({ biases: { [key]: 1 } as never })).toThrow(ParameterError);
  expect(() => tokenBias({ biases: [1] as never })).toThrow(ParameterError);
  expect(() => sequenceBias({ sequences: [] })).toThrow(ParameterError);
  expect(() => sequenceBias({ sequences: [{ tokens: [], bias: 1 }] })).toThrow(ParameterError);
  expect(() => sequenceBias({ sequences: [{ tokens: [1], bias: Infinity }] })).toThrow(ParameterError);
  expect(() => badWords({ words: [] })).toThrow(ParameterError);
  expect(() => badWords({ words: [[-1]] })).toThrow(ParameterError);
  expect(() => compat.badWords({ words: [[1]], needs: 'all' as never })).toThrow(UnknownOptionError);
});
