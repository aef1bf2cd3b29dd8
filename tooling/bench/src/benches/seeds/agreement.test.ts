import { Random } from '@tokenwright/core';
import { expect, it } from 'vitest';
import { compareDraws, type Draws, drawFrom } from './agreement.ts';
import { invert, runningSum } from './inversion.ts';

it('inverts the running sum', () => {
  const sums = runningSum(Float32Array.from([0.1, 0.2, 0, 0.3, 0.4], Math.log));
  const at = (uniform: number): number => invert(sums, uniform);
  expect([0, 0.099, 0.101, 0.299, 0.301, 0.599, 0.601, 0.999].map(at)).toEqual([0, 0, 1, 1, 3, 3, 4, 4]);
});

it('counts the draws and the texts that differ', () => {
  const random = new Random(1);
  const rows = (error: number): Float32Array[][] =>
    [0, 1].map((text) =>
      Array.from({ length: 8 }, (_, position) =>
        Float32Array.from({ length: 300 }, (_, id) => {
          const logit = 4 * random.uniform(text, position, 'accept', id);
          return logit + error * (random.uniform(text, position, 'residual', id) - 0.5);
        }),
      ),
    );
  const differences = (error: number, sequences: number) => {
    const [ours, theirs] = [0, error].map((size) => drawFrom(rows(size), sequences, 3));
    return (['inversion', 'race'] as const).map((by) => compareDraws(ours!, theirs!, by));
  };
  expect(differences(0, 5)).toEqual([
    { draws: 0, texts: 0 },
    { draws: 0, texts: 0 },
  ]);
  // With errors larger than the logits, most of the 80 draws differ, and each of the 10 texts.
  for (const { draws, texts } of differences(20, 5)) {
    expect(draws).toBeGreaterThan(40);
    expect(texts).toBe(10);
  }
  // With small errors, the race differs less often than the running sum.
  const [inversion, race] = differences(1e-3, 2_000);
  expect(inversion!.draws).toBeGreaterThan(10 * race!.draws);
});

it('counts a text once', () => {
  const draws = (race: number[]): Draws => ({
    sequences: 2,
    positions: 2,
    inversion: new Int32Array(race.length),
    race: Int32Array.from(race),
  });
  // Two texts of two positions, with two sequences each: four texts.
  const ours = draws([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(compareDraws(ours, draws([9, 2, 9, 4, 5, 6, 7, 8]), 'race')).toEqual({ draws: 2, texts: 1 });
  expect(compareDraws(ours, draws([9, 9, 3, 4, 5, 6, 7, 9]), 'race')).toEqual({ draws: 3, texts: 3 });
  expect(compareDraws(ours, draws([9, 9, 3, 4, 5, 6, 7, 9]), 'inversion')).toEqual({ draws: 0, texts: 0 });
});
