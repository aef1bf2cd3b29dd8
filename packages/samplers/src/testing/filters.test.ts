import type { Sampler } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { epsilonCutoff, etaCutoff, pLess, tailFree, topH, topNSigma, typicalP, xtc } from '../index.ts';

const gone = -Infinity;

/** sampler, probabilities, ids that stay. */
const rows: [Sampler, number[], number[]][] = [
  [typicalP({ p: 0.5 }), [0.97, 0.01, 0.01, 0.01], [0]],
  [typicalP({ p: 0.5 }), [0.4, 0.2, 0.2, 0.2], [1, 2, 3]],
  [typicalP({ p: 0.3 }), [0.4, 0.2, 0.2, 0.2], [1, 2, 3]],
  [compat.typicalP({ p: 0.3, ties: 'cut' }), [0.4, 0.2, 0.2, 0.2], [1, 2]],
  [compat.typicalP({ p: 0.5, ties: 'cut' }), [0.25, 0.25, 0.25, 0.25], [0, 1]],
  [compat.typicalP({ p: 0.5, ties: 'cut', border: 'at-most' }), [0.25, 0.25, 0.25, 0.25], [0, 1, 2]],
  [typicalP({ p: 0.1, minKeep: 2 }), [0.97, 0.01, 0.01, 0.01], [0, 1]],
  [typicalP({ p: 1 }), [0.4, 0.2, 0.2, 0.2], [0, 1, 2, 3]],
  [typicalP({ p: 0.9 }), [0.5, 0, 0.5, 0], [0, 2]],

  [epsilonCutoff({ epsilon: 0 }), [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [epsilonCutoff({ epsilon: 0.25 }), [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [epsilonCutoff({ epsilon: 0.9 }), [0.1, 0.2, 0.3, 0.4], [3]],
  [epsilonCutoff({ epsilon: 0.9 }), [0.25, 0.25, 0.25, 0.25], [0, 1, 2, 3]],
  [epsilonCutoff({ epsilon: 0.9, minKeep: 2 }), [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [epsilonCutoff({ epsilon: 0.9, minKeep: 2 }), [0.2, 0.2, 0.2, 0.4], [0, 1, 2, 3]],
  [epsilonCutoff({ epsilon: 0.9, minKeep: 9 }), [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],

  // H = 1.28: min(0.25, 0.5 * exp(-1.28)) = 0.139; min(0.81, 0.9 * exp(-1.28)) = 0.250.
  [etaCutoff({ epsilon: 0.25 }), [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],
  [etaCutoff({ epsilon: 0.81 }), [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [etaCutoff({ epsilon: 0 }), [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [etaCutoff({ epsilon: 0.99, minKeep: 3 }), [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],

  // Shares of H = 1.28: 0.230, 0.322, 0.361, 0.367; running from the largest: 0.367, 0.728, 1.050, 1.280.
  [topH({ entropyShare: 0.1 }), [0.1, 0.2, 0.3, 0.4], [3]],
  [topH({ entropyShare: 0.6 }), [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [topH({ entropyShare: 0.9 }), [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],
  [topH({ entropyShare: 0.9, candidates: 2 }), [0.1, 0.2, 0.3, 0.4], [3]],

  [topNSigma({ sigmas: 0 }), [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [topNSigma({ sigmas: 1 }), [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [topNSigma({ sigmas: 3 }), [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [topNSigma({ sigmas: 1 }), [0.25, 0.25, 0.25, 0.25], [0, 1, 2, 3]],
  [topNSigma({ sigmas: 1 }), [0, 0.3, 0, 0.7], [3]],

  [pLess(), [0.1, 0.15, 0.2, 0.25, 0.3], [3, 4]],
  [pLess(), [0.2, 0.2, 0.2, 0.2, 0.2], [0, 1, 2, 3, 4]],
  // (5 * 0.225 - 1) / 4 = 0.031.
  [pLess({ normalized: true }), [0.01, 0.24, 0.2, 0.25, 0.3], [1, 2, 3, 4]],
  [pLess({ normalized: true }), [0.2, 0.2, 0.2, 0.2, 0.2], [0, 1, 2, 3, 4]],

  [xtc({ probability: 1, threshold: 0.09 }), [0.4, 0.3, 0.2, 0.1], [3]],
  [xtc({ probability: 1, threshold: 0.19 }), [0.4, 0.3, 0.2, 0.1], [2, 3]],
  [xtc({ probability: 1, threshold: 0.39 }), [0.4, 0.3, 0.2, 0.1], [0, 1, 2, 3]],
  [xtc({ probability: 0, threshold: 0.09 }), [0.4, 0.3, 0.2, 0.1], [0, 1, 2, 3]],
  [xtc({ probability: 1, threshold: 0.51 }), [0.4, 0.3, 0.2, 0.1], [0, 1, 2, 3]],
  [xtc({ probability: 1, threshold: 0.19, minKeep: 3 }), [0.4, 0.3, 0.2, 0.1], [0, 1, 2, 3]],
  [xtc({ probability: 1, threshold: 0.2 }), [0.25, 0.25, 0.25, 0.25], [3]],

  [tailFree({ mass: 1 }), [0.5, 0.3, 0.15, 0.05], [0, 1, 2, 3]],
  [tailFree({ mass: 0.9 }), [0.5, 0.3, 0.15, 0.05], [0]],
  [tailFree({ mass: 0 }), [0.5, 0.3, 0.15, 0.05], [0]],
  [tailFree({ mass: 0, minKeep: 2 }), [0.5, 0.3, 0.1, 0.05, 0.05], [0, 1]],
  [tailFree({ mass: 0.1 }), [0.7, 0.1, 0.1, 0.05, 0.05], [0]],
  [tailFree({ mass: 0.8 }), [0.5, 0.3, 0.1, 0.05, 0.05], [0, 1]],
  [tailFree({ mass: 0.3 }), [0.2, 0.2, 0.2, 0.2, 0.2], [0]],
  [tailFree({ mass: 0.5 }), [0.6, 0.4], [0, 1]],
];

test.each(
  rows.map(([sampler, ...rest]) => [sampler.name, JSON.stringify(sampler.parameters), ...rest, sampler] as const),
)('%s %s of %j keeps %j', (_name, _parameters, probabilities, kept, sampler) => {
  const logits = Float32Array.from(probabilities, Math.log);
  const result = shaped(sampler, logits);
  expect(candidatesOf(result)).toEqual(kept);
  for (const id of kept) expect(result[id]).toBe(logits[id]);
});

describe('rows on which nothing can be decided, and rows with one token', () => {
  const strict: Sampler[] = [
    typicalP({ p: 0.1 }),
    epsilonCutoff({ epsilon: 0.9 }),
    etaCutoff({ epsilon: 0.9 }),
    topH({ entropyShare: 0.1 }),
    topNSigma({ sigmas: 0.1 }),
    pLess(),
    pLess({ normalized: true }),
    xtc({ probability: 1, threshold: 0 }),
    tailFree({ mass: 0 }),
  ];
  test.each(strict.map((sampler) => [sampler.name, sampler] as const))('%s leaves them as they are', (_, sampler) => {
    for (const logits of [[1, Number.NaN, 3], [1, Infinity, 3], [gone, gone, gone], [gone, 5, gone], [5]])
      expect([...shaped(sampler, logits)]).toEqual(logits);
  });
});

test('a long tail-free row is cut where sorting everything cuts it', () => {
  for (const scale of [0, 0.01, 1, 6]) {
    const logits = Float32Array.from({ length: 4000 }, (_, id) => Math.sin(id * id) * scale);
    for (const z of [0.2, 0.6, 0.95]) {
      const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const p = order.map((id) => Math.exp(logits[id]!) / total);
      const bends = p.slice(2).map((last, i) => Math.abs(p[i]! - 2 * p[i + 1]! + last));
      const sum = bends.reduce((a, b) => a + b, 0);
      let running = 0;
      let cut = p.length;
      for (let i = 0; i < bends.length && cut === p.length; i++) {
        running += sum <= 1e-6 ? 1 / bends.length : bends[i]! / sum;
        if (running > z && i >= 1) cut = i;
      }
      const kept = candidatesOf(shaped(tailFree({ mass: z }), logits));
      expect(kept).toEqual(order.slice(0, cut).sort((a, b) => a - b));
    }
  }
});

test('xtc acts as often as its probability says', () => {
  const acted = Array.from({ length: 2000 }, (_, sequence) =>
    shaped(xtc({ probability: 0.3 }), [2, 1, 0], { sequence })[0] === gone ? 1 : 0,
  );
  const share = acted.reduce<number>((sum, one) => sum + one, 0) / acted.length;
  expect(Math.abs(share - 0.3)).toBeLessThan(0.04);
});
