import { expect, it } from 'vitest';
import { add, type Chain, move, newStage, remove, setParameter, stageKeys, toggle } from './edit.ts';

const chain: Chain = ['a', 'b', 'a'].map((name) => ({ name, on: true, parameters: {} }));
const names = (stages: Chain): string => stages.map(({ name }) => name).join('');

it.each([
  [0, 1, 'baa'],
  [1, 0, 'baa'],
  [1, 9, 'aab'],
  [2, -5, 'aab'],
  [1, 1, 'aba'],
  [7, 0, 'aba'],
])('moves %i to %i: %s', (from, to, expected) => {
  expect(names(move(chain, from, to))).toBe(expected);
  expect(names(chain)).toBe('aba');
});

it('adds, removes, switches and sets', () => {
  expect(names(add(chain, 'greedy'))).toBe('abagreedy');
  expect(names(remove(chain, 1))).toBe('aa');
  expect(toggle(chain, 1).map(({ on }) => on)).toEqual([true, false, true]);
  expect(setParameter(chain, 1, 'k', 2)[1]!.parameters).toEqual({ k: 2 });
  expect(setParameter(setParameter(chain, 1, 'k', 2), 1, 'k', undefined)[1]!.parameters).toEqual({});
});

it('starts with values, and leaves out defaults of the library', () => {
  expect(newStage('top-k')).toEqual({ name: 'top-k', on: true, parameters: { k: 40 } });
  expect(newStage('greedy').parameters).toEqual({});
});

it('gives stages keys that they keep', () => {
  expect(stageKeys(chain)).toEqual(['a 1', 'b 1', 'a 2']);
  expect(stageKeys(move(chain, 1, 0))).toEqual(['b 1', 'a 1', 'a 2']);
});
