import { expect, it } from 'vitest';
import { fidelity, perplexity } from './fidelity.ts';

const rows = (...values: number[][]): Float32Array[] => values.map((row) => Float32Array.from(row));

it('reports errors as shares of the largest logit, and equal choices', () => {
  expect(fidelity(rows([1, 2, 3], [4, -8, 0]), rows([1, 2, 3], [4, -8, 0]))).toEqual({
    largestError: 0,
    meanError: 0,
    equalChoices: 1,
  });
  expect(fidelity(rows([1, 4, 3], [4, -8, 1]), rows([1, 2, 3], [4, -8, 0]))).toEqual({
    largestError: 2 / 8,
    meanError: 3 / 6 / 8,
    equalChoices: 0.5,
  });
});

it('of uniform logits is the number of tokens', () => {
  expect(perplexity(rows([0, 0, 0, 0], [5, 5, 5, 5], [1, 2, 3, 4]), [0, 3, 1])).toBeCloseTo(4, 12);
});

it('reads the token after each row', () => {
  const sure = perplexity(rows([0, 20], [20, 0]), [0, 1]);
  expect(sure).toBeCloseTo(1, 6);
  expect(perplexity(rows([20, 0], [20, 0]), [0, 1])).toBeGreaterThan(1e8);
});
