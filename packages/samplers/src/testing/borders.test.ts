import type { HostSampler, Sampler } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { topP as topPWithBorder } from '../compat/top-p.ts';
import { typicalP as typicalPWithBorder } from '../compat/typical-p.ts';
import { epsilonCutoff, etaCutoff, minP, pLess, tailFree, topA, topH, topP, xtc } from '../index.ts';

/** Powers of two: their borders are exact, and their logarithms are not. */
const dyadic = [
  [1 / 2, 1 / 2],
  [1 / 2, 1 / 4, 1 / 4],
  [1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8],
  [1 / 2, 1 / 8, 1 / 8, 1 / 8, 1 / 8],
  [1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8],
  [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16],
  [1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8],
];

/** Probabilities as logits of a model: float32, with any number added, at any order of the ids. */
function rows(probabilities: readonly number[]): { logits: Float32Array; from: number[] }[] {
  return [0, 0.3, -7.7, 19.1].map((shift, turn) => {
    const from = probabilities.map((_, id) => (id + turn) % probabilities.length);
    return { logits: Float32Array.from(from, (rank) => Math.log(probabilities[rank]!) + shift), from };
  });
}

/** Ids that stay, as ranks in the list of probabilities. */
function kept(sampler: Sampler, { logits, from }: { logits: Float32Array; from: number[] }): number[] {
  return candidatesOf(shaped(sampler as HostSampler, logits))
    .map((id) => from[id]!)
    .sort((a, b) => a - b);
}
const first = (count: number): number[] => Array.from({ length: count }, (_, rank) => rank);

describe('a token exactly on a border', () => {
  it('of top-p is removed, and kept with at-most', () => {
    for (const p of dyadic)
      for (let count = 1; count < p.length; count++) {
        const mass = p.slice(0, count).reduce((sum, value) => sum + value, 0);
        const [row] = rows(p);
        for (const sampler of [topP({ p: mass }), topPWithBorder({ p: mass, border: 'below' })])
          expect(kept(sampler, row!), `${p} ${mass}`).toEqual(first(count));
        expect(kept(topPWithBorder({ p: mass, border: 'at-most' }), row!), `${p} ${mass}`).toEqual(first(count + 1));
        for (const shifted of rows(p)) expect(kept(topP({ p: mass }), shifted)).toHaveLength(count);
      }
  });

  it('of typical-p is removed, and kept with at-most', () => {
    const row = rows([1 / 4, 1 / 4, 1 / 4, 1 / 4])[0]!;
    expect(kept(typicalPWithBorder({ p: 0.5, border: 'below', ties: 'cut' }), row)).toEqual([0, 1]);
    expect(kept(typicalPWithBorder({ p: 0.5, border: 'at-most', ties: 'cut' }), row)).toEqual([0, 1, 2]);
  });

  it.each<[string, (p: readonly number[], value: number) => Sampler, (p: readonly number[], value: number) => boolean]>(
    [
      ['min-p', (p, value) => minP({ p: value / p[0]! }), () => true],
      ['top-a', (p, value) => topA({ ratio: value / p[0]! ** 2, power: 2 }), (p, value) => value <= p[0]! ** 2],
      ['the epsilon cutoff', (_, value) => epsilonCutoff({ epsilon: value }), () => true],
      ['p-less', () => pLess(), () => false],
    ],
  )('of %s is kept', (_, make, applies) => {
    for (const p of dyadic)
      for (const value of new Set(p)) {
        if (!applies(p, value)) continue;
        for (const row of rows(p))
          expect(kept(make(p, value), row), `${p} from ${value}`).toEqual(
            first(p.filter((own) => own >= value).length),
          );
      }
  });

  it('of p-less is kept: equal tokens agree as often as each is probable', () => {
    for (const row of rows(Array(8).fill(1 / 8))) expect(kept(pLess(), row)).toEqual(first(8));
    // sum(p^2) = 1/4 + 4/64 + ... = 5/16 of [1/2, 1/8 x 4]: only the half.
    for (const row of rows([1 / 2, 1 / 8, 1 / 8, 1 / 8, 1 / 8])) expect(kept(pLess(), row)).toEqual([0]);
  });

  it('of the eta cutoff is kept', () => {
    const p = [1 / 2, 1 / 8, 1 / 8, 1 / 8, 1 / 8];
    // H = 2 ln 2: the threshold is min(1/4, 1/2 * 1/4) = 1/8.
    for (const row of rows(p)) expect(kept(etaCutoff({ epsilon: 1 / 4 }), row)).toEqual(first(5));
  });

  it('of top-h is kept', () => {
    for (const size of [2, 4, 8])
      for (let count = 1; count <= size; count++)
        for (const row of rows(Array(size).fill(1 / size)))
          expect(kept(topH({ entropyShare: count / size }), row)).toHaveLength(count);
  });

  it('of tail-free is kept: the cut is where the sum exceeds the mass', () => {
    // Second differences 1/8, 1/16, 1/16 of [1/2, 1/4, 1/8, 1/16, 1/16]: shares 1/2, 1/4, 1/4.
    for (const row of rows([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16])) {
      expect(kept(tailFree({ mass: 0.49 }), row)).toEqual([0]);
      expect(kept(tailFree({ mass: 0.5 }), row)).toEqual([0]);
      expect(kept(tailFree({ mass: 0.75 }), row)).toEqual([0, 1]);
    }
  });

  it('of XTC is a top choice', () => {
    for (const row of rows([1 / 2, 1 / 4, 1 / 8, 1 / 8]))
      expect(kept(xtc({ probability: 1, threshold: 1 / 4 }), row)).toEqual([1, 2, 3]);
  });
});

it('a token that is not on the border by more than rounding is on its side of it', () => {
  const p = [0.5, 0.25, 0.125, 0.125];
  const row = rows(p)[0]!;
  for (const off of [1e-6, 1e-4]) {
    expect(kept(topP({ p: 0.75 + off }), row)).toEqual([0, 1, 2]);
    expect(kept(topPWithBorder({ p: 0.75 - off, border: 'at-most' }), row)).toEqual([0, 1]);
    expect(kept(minP({ p: 0.25 * (1 + 4 * off) }), row)).toEqual([0, 1]);
    expect(kept(epsilonCutoff({ epsilon: 0.125 * (1 + 4 * off) }), row)).toEqual([0, 1]);
  }
});
