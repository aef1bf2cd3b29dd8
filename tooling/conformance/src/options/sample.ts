import fc from 'fast-check';
import { expect } from 'vitest';
import { casesOf } from './cases.ts';
import { type Case, faultOf } from './outcome.ts';
import type { Target } from './target.ts';

/** What to run of a list of cases: all, or a sample that is the same in each run. */
export interface SampleOptions {
  readonly targets: readonly Target[];
  /** Number of cases; undefined for all. */
  readonly size?: number;
  readonly seed?: number;
}

/** Every case, or a seeded sample of them. */
export function sampleOf({ targets, size, seed = 20_261_130 }: SampleOptions): readonly Case[] {
  const cases = targets.flatMap(casesOf);
  if (size === undefined) return cases;
  const picks = fc.sample(fc.nat({ max: cases.length - 1 }), { numRuns: size, seed });
  return [...new Set(picks)].map((pick) => cases[pick]!);
}

/** Run cases, and fail with one line for each that did not go as it should. */
export async function expectSound(cases: readonly Case[]): Promise<void> {
  const faults: string[] = [];
  for (const one of cases) {
    const fault = await faultOf(one);
    if (fault !== undefined) faults.push(`${one.target.name}: ${one.parameter.name} <- ${one.value}: ${fault}`);
  }
  expect(faults).toEqual([]);
}
