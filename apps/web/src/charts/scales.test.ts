import { expect, it } from 'vitest';
import { niceTop } from '../options/nice-top.ts';
import { bytes, entropyHeat, ordinal, percent, rankHeat, surprise, visible } from './scales.ts';

it('colors by surprise', () => {
  expect([1, 0.1, 0.001, 1e-9, 0, Number.NaN].map(surprise)).toEqual([0, expect.closeTo(1 / 3), 1, 1, 1, 1]);
  expect([1, 10, 100, 5000].map(rankHeat)).toEqual([0, 0.5, 1, 1]);
  expect([0, 2.5, 9].map(entropyHeat)).toEqual([0, 0.5, 1]);
});

it.each([
  [1, '100%'],
  [0.5, '50.0%'],
  [0.0123, '1.2%'],
  [0.00043, '0.04%'],
  [1e-9, '<0.01%'],
  [0, '0%'],
  [Number.NaN, '–'],
])('%s is %s', (probability, text) => {
  expect(percent(probability)).toBe(text);
});

it('names numbers as people do', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 1113].map(ordinal)).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '102nd',
    '1,113th',
  ]);
  expect([12, 1234, 25_600_000, 3e9].map(bytes)).toEqual(['12 B', '1.2 kB', '26 MB', '3.0 GB']);
  expect(visible(' a\n\t')).toBe('␣a⏎⇥');
});

it.each([
  [0.9, 1],
  [1, 1],
  [7.3, 8],
  [43, 50],
  [0, 4],
])('an axis for %s ends at %s', (value, top) => {
  expect(niceTop(value, value === 0 ? 4 : undefined)).toBe(top);
});
