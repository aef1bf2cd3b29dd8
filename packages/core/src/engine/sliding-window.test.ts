import { expect, it } from 'vitest';
import { firstInWindow } from './sliding-window.ts';

it.each([
  [0, 4, 0],
  [3, 4, 0],
  [4, 4, 1],
  [9, 1, 9],
  [9, Infinity, 0],
])('at slot %i a window of %d starts at %i', (slot, window, first) => {
  expect(firstInWindow(slot, window)).toBe(first);
});
