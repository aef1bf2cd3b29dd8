import { shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { greedy } from '../index.ts';

const gone = -Infinity;

test.each([
  ['the largest', [0.1, 3, 2, -1], [gone, 3, gone, gone]],
  ['the lowest id on ties', [2, 3, 3, 3], [gone, 3, gone, gone]],
  ['one token only', [5], [5]],
  ['nothing left', [gone, gone], [gone, gone]],
  ['NaN stays, so that the run sees it', [1, Number.NaN, 3], [1, Number.NaN, 3]],
  ['+Infinity stays', [1, Infinity, 3], [1, Infinity, 3]],
])('keeps %s', (_, logits, expected) => {
  expect([...shaped(greedy(), logits)]).toEqual(expected);
});
