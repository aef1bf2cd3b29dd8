import { History, ParameterError } from '@tokenwright/core';
import { RunState } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, testRow } from '@tokenwright/core/testing';
import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { type ThinkingBudgetOptions, thinkingBudget } from '../index.ts';

// Tokens: 1 2 begins the thinking, 3 4 ends it.
const markers = { start: [1, 2], end: [3, 4] };
const flat = new Array(8).fill(0);
const free = [0, 1, 2, 3, 4, 5, 6, 7];

test.each<[number[], Partial<ThinkingBudgetOptions>, number[]]>([
  [[], { budget: 0 }, free],
  [[1], { budget: 0 }, free],
  [[1, 2], { budget: 0 }, [3]],
  [[1, 2, 3], { budget: 0 }, [4]],
  [[1, 2, 3, 4], { budget: 0 }, free],
  [[1, 2, 5], { budget: 2 }, free],
  [[1, 2, 5, 6], { budget: 2 }, [3]],
  [[1, 2, 5, 6, 3], { budget: 2 }, [4]],
  // The model began the end marker without being forced.
  [[1, 2, 5, 3], { budget: 2 }, [4]],
  [[1, 2, 3, 4, 5, 5], { budget: 2 }, free],
  // A second part has a budget of its own.
  [[1, 2, 5, 3, 4, 0, 1, 2, 5], { budget: 2 }, free],
  [[1, 2, 5, 3, 4, 0, 1, 2, 5, 5], { budget: 2 }, [3]],
  // An end without a start, and a start inside, mean nothing.
  [[3, 4, 5, 5, 5], { budget: 2 }, free],
  [[1, 2, 1, 2], { budget: 3 }, free],
  [[1, 2, 1, 2, 5], { budget: 3 }, [3]],
  [[1, 2, 5, 5], { budget: 2, closing: [6, 3, 4] }, [6]],
  [[1, 2, 5, 5, 6], { budget: 2, closing: [6, 3, 4] }, [3]],
  [[1, 2, 5, 5, 6, 3], { budget: 2, closing: [6, 3, 4] }, [4]],
  // Markers that share tokens.
  [[5, 5], { start: [5], end: [5], budget: 3 }, free],
  [[5], { start: [5], end: [5], budget: 0 }, [5]],
])('after %j, %j: %j', (generated, options, left) => {
  const sampler = thinkingBudget({ ...markers, budget: 9, ...options });
  expect(candidatesOf(shaped(sampler, flat, { generated }))).toEqual(left);
  expect(candidatesOf(shaped(sampler, flat, { prompt: generated }))).toEqual(left);
});

test('a token is forced even when it was removed', () => {
  const row = shaped(thinkingBudget({ ...markers, budget: 0 }), [1, 1, 1, -Infinity, 1], { prompt: [1, 2] });
  expect([...row]).toEqual([-Infinity, -Infinity, -Infinity, 0, -Infinity]);
});

test('with any logits, every thinking part over budget is closed', () => {
  assert(
    property(array(integer({ min: 0, max: 7 }), { maxLength: 60 }), integer({ min: 0, max: 5 }), (requests, budget) => {
      const sampler = thinkingBudget({ ...markers, budget });
      let history = History.of([]);
      for (const request of requests) {
        const left = candidatesOf(shaped(sampler, flat, { history }));
        history = history.append(left.includes(request) ? request : left[0]!);
      }
      const text = history.tokens.join('');
      for (const [, inside] of text.matchAll(/12(.*?)34/g)) expect(inside!.length).toBeLessThanOrEqual(budget);
    }),
  );
});

test('forks, rewinds and interleaved rows give the same as each sequence alone', () => {
  const sampler = thinkingBudget({ ...markers, budget: 2 });
  const state = new RunState();
  const at = (history: History): number[] => {
    const row = testRow(flat, { history, state });
    row.apply(sampler, 0);
    return candidatesOf(row.logits);
  };
  const open = History.of([0]).append(1).append(2);
  const [a, b] = [open.append(5), open.append(3)];
  expect(at(a.append(5))).toEqual([3]);
  expect(at(b.append(4))).toEqual(free);
  expect(at(a)).toEqual(free);
  expect(at(b.append(4).append(5).append(5))).toEqual(free);
  expect(at(a.append(6).append(3))).toEqual([4]);
});

test('refuses what it cannot do', () => {
  expect(() => thinkingBudget({ ...markers, budget: -1 })).toThrow(ParameterError);
  expect(() => thinkingBudget({ start: [], end: [1], budget: 1 })).toThrow(ParameterError);
  expect(() => thinkingBudget({ ...markers, budget: 1, closing: [3] })).toThrow(
    'thinkingBudget: closing must be a list that ends with the end marker, but [3] was given.',
  );
  expect(() => shaped(thinkingBudget({ ...markers, budget: 1 }), [0, 0])).toThrow(ParameterError);
});
