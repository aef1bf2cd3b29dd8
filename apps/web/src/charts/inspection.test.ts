import { expect, it } from 'vitest';
import type { Distribution, TokenReport } from '../protocol.ts';
import { inspection } from './inspection.ts';

const distribution = (name: string): Distribution => ({
  name,
  candidates: 9,
  entropy: 1,
  removedMass: 0,
  removedCount: 0,
});

const token: TokenReport = {
  id: 8,
  piece: 'x',
  logprob: Math.log(0.02),
  rank: 5,
  probability: 0.3,
  milliseconds: 1,
  distributions: ['model', 'first', 'second'].map(distribution),
  candidates: [
    { id: 3, probabilities: [0.1, 0.1, 0], removed: { stage: 2, margin: 1.5 } },
    { id: 1, probabilities: [0.5, 0.6, 0.7] },
    { id: 2, probabilities: [0.3, 0, 0], removed: { stage: 1, margin: 0.4 } },
    { id: 8, probabilities: [0.02, 0.1, 0.3] },
  ],
};

it('shows each candidate at each stage, as the model ranks them', () => {
  const { rows, largest } = inspection(token);
  expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 8]);
  const shown = rows.map(({ cells }) =>
    cells.map((cell) => (cell.kind === 'probability' ? cell.probability : cell.kind)),
  );
  expect(shown).toEqual([
    [0.5, 0.6, 0.7],
    [0.3, 'removed', 'gone'],
    [0.1, 0.1, 'removed'],
    [0.02, 0.1, 0.3],
  ]);
  expect(rows[1]!.cells[1]).toEqual({ kind: 'removed', margin: 0.4 });
  expect(largest).toBe(0.7);
});

it('shows no more than it is asked for, and the drawn token', () => {
  expect(inspection(token, 1).rows.map(({ id }) => id)).toEqual([1, 8]);
});
