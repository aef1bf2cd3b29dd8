import { expect, it } from 'vitest';
import { draftRounds, draftSummary } from './draft-rounds.ts';

const steps = [
  { kind: 'draft', drafted: [1, 2, 9], accepted: 2 },
  { kind: 'draft', drafted: [], accepted: 0 },
  { kind: 'draft', drafted: [5, 6], accepted: 2 },
] as const;

it('lines rounds up with the text', () => {
  // The last round's own token was never written: the length was reached.
  const rounds = draftRounds(steps, [1, 2, 3, 4, 5, 6]);
  expect(rounds.map(({ from, own }) => [from, own])).toEqual([
    [0, 3],
    [3, 4],
    [4, undefined],
  ]);
  expect(draftSummary(rounds)).toEqual({ drafted: 5, accepted: 4, perPass: 2 });
});

it('has nothing to sum up before the first round', () => {
  expect(draftSummary([])).toEqual({ drafted: 0, accepted: 0, perPass: 0 });
});
