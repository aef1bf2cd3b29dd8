import { ParameterError } from '@tokenwright/core';
import { shaped, survivorsOf } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type InfillOptions, infill } from './index.ts';

// Token 0 ends the sequence.
const texts = ['', 'a', 'ab', 'b', 'bc', 'c'];

test.each<[string, number[], number[]]>([
  ['likely ends: nothing else stays', [0.2, 0.5, 0.1, 0.1, 0.05, 0.05], [0]],
  ['a text that begins another takes it in', [0.01, 0.5, 0.15, 0.15, 0.1, 0.09], [0, 1]],
  ['the longer text wins when it is likelier', [0.001, 0.1, 0.5, 0.1, 0.2, 0.099], [0, 2]],
  ['two that are both likely stay', [0.001, 0.25, 0.25, 0.25, 0.2, 0.049], [0, 1, 3]],
])('%s', (_, probabilities, kept) => {
  const result = shaped(infill({ text: (id) => texts[id]! }), probabilities.map(Math.log), { endTokens: [0] });
  expect(survivorsOf(result)).toEqual(kept);
});

test('no likely text leaves the end token, or the likeliest when that was removed', () => {
  const flat = [-9, ...Array.from({ length: 8 }, (_, i) => i * 0.01)];
  const options: InfillOptions = { text: (id) => `${id}` };
  expect(survivorsOf(shaped(infill(options), flat, { endTokens: [0] }))).toEqual([0]);
  expect(survivorsOf(shaped(infill(options), flat.with(0, -Infinity), { endTokens: [0] }))).toEqual([8]);
  expect(survivorsOf(shaped(infill({ ...options, endToken: 3 }), flat, { endTokens: [0] }))).toEqual([3]);
});

test("with mass 'merged' the draw sees the merged probability", () => {
  const logits = [0, 0.5, 0.3, 0.2].map((p) => Math.log(p));
  const result = shaped(infill({ text: (id) => ['', 'x', 'xy', 'z'][id]!, mass: 'merged' }), logits, {
    endTokens: [0],
  });
  expect(Math.exp(result[1]!)).toBeCloseTo(0.8, 6);
  expect(survivorsOf(result)).toEqual([1]);
});

test('refuses what it cannot do', () => {
  expect(() => infill({} as never)).toThrow(ParameterError);
  expect(() => infill({ text: String, mass: 'both' } as never)).toThrow(ParameterError);
});
