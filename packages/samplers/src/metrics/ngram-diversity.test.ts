import { ParameterError } from '@tokenwright/core';
import { expect, test } from 'vitest';
import { distinctNgrams, repeatedNgrams } from '../index.ts';

test.each<[number[], number, number]>([
  [[1, 2, 1, 2], 1, 1 / 2],
  [[1, 2, 1, 2], 2, 2 / 3],
  [[1, 2, 1, 2], 3, 1],
  [[1, 2, 1, 2], 4, 1],
  [[1, 2, 1, 2], 5, 1],
  [[], 1, 1],
  [[7, 7, 7, 7, 7], 2, 1 / 4],
  // The tokens are 1, 12 and 11, 2: what is joined must stay apart.
  [[1, 12, 11, 2], 2, 1],
])('%j, n = %i', (tokens, n, distinct) => {
  expect(distinctNgrams(tokens, n)).toBeCloseTo(distinct, 12);
  expect(repeatedNgrams(Int32Array.from(tokens), n)).toBeCloseTo(1 - distinct, 12);
});

test('a length below 1 is refused', () => {
  expect(() => distinctNgrams([1], 0)).toThrow(ParameterError);
  expect(() => repeatedNgrams([1], 1.5)).toThrow(ParameterError);
});
