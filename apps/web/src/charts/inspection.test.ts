import { expect, it } from 'vitest';
import type { Distribution, TokenReport } from '../protocol.ts';
import { inspection } from './inspection.ts';

const distribution = (name: string, drawn: number, ...top: [number, number][]): Distribution => ({
  name,
  candidates: 9,
  entropy: 1,
  drawn,
  removedMass: 0,
  removedCount: 0,
  top: top.map(([id, probability]) => ({ id, probability })),
});

const token: TokenReport = {
  id: 8,
  piece: 'x',
  logprob: Math.log(0.02),
  rank: 5,
  probability: 0.3,
  milliseconds: 1,
  distributions: [
    distribution('model', 0.02, [1, 0.5], [2, 0.3], [3, 0.1]),
    distribution('first', 0.1, [1, 0.6], [3, 0.1], [2, 0]),
    distribution('second', 0.3, [1, 0.7], [2, 0], [3, 0]),
  ],
  removed: [
    { id: 2, stage: 1, margin: 0.4 },
    { id: 3, stage: 2, margin: 1.5 },
  ],
};

it('shows each candidate at each stage, the drawn one whatever its rank', () => {
  const { rows, largest } = inspection(token);
  expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 8]);
  expect(
    rows.map(({ cells }) => cells.map((cell) => (cell.kind === 'probability' ? cell.probability : cell.kind))),
  ).toEqual([
    [0.5, 0.6, 0.7],
    [0.3, 'removed', 'gone'],
    [0.1, 0.1, 'removed'],
    [0.02, 0.1, 0.3],
  ]);
  expect(rows[1]!.cells[1]).toEqual({ kind: 'removed', margin: 0.4 });
  expect(largest).toBe(0.7);
});

it('says of a token below the listed ones only that', () => {
  const { rows } = inspection({ ...token, removed: [] });
  expect(rows[1]!.cells[1]).toEqual({ kind: 'below', bound: 0 });
});

it('shows no more than it is asked for, and the drawn token', () => {
  expect(inspection(token, 1).rows.map(({ id }) => id)).toEqual([1, 8]);
});
