import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { huggingFace, temperature } from '../index.ts';

const gone = -Infinity;

test.each([
  [2, [1, 2, -4, gone], [0.5, 1, -2, gone]],
  [1, [1, 2, -4, gone], [1, 2, -4, gone]],
  [0.5, [1, 2, -4, gone], [2, 4, -8, gone]],
  [0, [1, 2, 2, -4], [gone, 2, gone, gone]],
  [1e-300, [1, 2, -4, gone], [-1e30, 0, -6e30, gone].map(Math.fround)],
  [1e-300, [-8, -6, -7, gone], [-2e30, 0, -1e30, gone].map(Math.fround)],
  [2, [Number.NaN, 2], [Number.NaN, 1]],
  [0, [gone, gone], [gone, gone]],
])('t = %d: %j -> %j', (t, logits, expected) => {
  expect([...shaped(temperature({ temperature: t }), logits)]).toEqual(expected);
});

test('refuses what it cannot do', () => {
  expect(() => temperature({ temperature: -1 })).toThrow(ParameterError);
  expect(() => temperature({ temperature: Number.NaN })).toThrow(
    'temperature: temperature must be a number of at least 0, but NaN was given.',
  );
  expect(() => temperature({ temp: 1 } as never)).toThrow(UnknownOptionError);
});

test('declares when it is greedy', () => {
  expect(temperature({ temperature: 0 }).traits?.selectsArgMax).toBe(true);
  expect(temperature({ temperature: 0.1 }).traits?.selectsArgMax).toBeUndefined();
});

test('in Hugging Face, 0 is an error that says what to do', () => {
  expect(() => huggingFace({ temperature: 0 })).toThrow(
    'huggingFace: temperature must be a number above 0 (for greedy: doSample false), but 0 was given.',
  );
  expect(temperature({ temperature: 0.5 }).parameters).toEqual({ temperature: 0.5 });
});
