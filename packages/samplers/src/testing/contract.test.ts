import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import type { Sampler } from '@tokenwright/core';
import { type SamplerCasesOptions, samplerCases } from '@tokenwright/core/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import {
  adaptiveP,
  dynamicTemperature,
  epsilonCutoff,
  etaCutoff,
  greedy,
  infill,
  minP,
  mirostat1,
  mirostat2,
  pLess,
  repetitionPenalty,
  tailFree,
  temperature,
  topA,
  topH,
  topK,
  topNSigma,
  topP,
  typicalP,
  xtc,
} from '../index.ts';
import {
  plainAdaptiveP,
  plainDistribution,
  plainDynamicTemperature,
  plainEta,
  plainMirostat1,
  plainMirostat2,
  plainPLess,
  plainTailFree,
  plainTopH,
  plainTopNSigma,
  plainTypical,
} from './plain-filters.ts';

beforeAll(async () => {
  await setBackend('cpu');
  await ready();
});

/** The kept probabilities, made to sum to 1. */
const keeping = (p: readonly number[], keep: (p: number, id: number) => boolean): number[] => {
  const kept = p.map((value, id) => (keep(value, id) ? value : 0));
  const sum = kept.reduce((total, value) => total + value, 0);
  return kept.map((value) => value / sum);
};
const falling = (p: readonly number[]): number[] => [...p].sort((a, b) => b - a);

const members: [string, () => Sampler, SamplerCasesOptions?][] = [
  ['greedy', () => greedy(), { distribution: (p) => keeping(p, (value) => value === Math.max(...p)) }],
  [
    'temperature 0.5',
    () => temperature({ temperature: 0.5 }),
    {
      distribution: (p) =>
        keeping(
          p.map((value) => value ** 2),
          () => true,
        ),
    },
  ],
  ['temperature 0', () => temperature({ temperature: 0 })],
  ['temperature 3', () => temperature({ temperature: 3 })],
  [
    'dynamic temperature',
    () => dynamicTemperature({ temperature: 1, range: 0.5 }),
    { distribution: plainDynamicTemperature(1, 0.5) },
  ],
  ['dynamic temperature from 0', () => dynamicTemperature({ temperature: 0.5, range: 0.5 })],
  ['top-k 3', () => topK({ k: 3 }), { distribution: (p) => keeping(p, (value) => value >= falling(p)[2]!) }],
  ['top-k 1', () => topK({ k: 1 })],
  ['top-k 3 with ties', () => topK({ k: 3, ties: 'keep-all' })],
  ['top-k, half of the vocabulary', () => compat.topK({ share: 0.5 })],
  ['top-k above the vocabulary', () => topK({ k: 9999 })],
  [
    'top-p 0.7',
    () => topP({ p: 0.7 }),
    {
      distribution: (p) => keeping(p, (value) => p.reduce((sum, other) => sum + (other > value ? other : 0), 0) < 0.7),
    },
  ],
  ['top-p 0.7, at most', () => compat.topP({ p: 0.7, border: 'at-most' })],
  ['top-p 0', () => topP({ p: 0 })],
  ['top-p 0, keeping 5', () => topP({ p: 0, minKeep: 5 })],
  ['top-p 1', () => topP({ p: 1 })],
  ['min-p 0.2', () => minP({ p: 0.2 }), { distribution: (p) => keeping(p, (value) => value >= 0.2 * Math.max(...p)) }],
  ['min-p 1', () => minP({ p: 1 })],
  ['min-p 0', () => minP({ p: 0 })],
  ['min-p 0.9, keeping 4', () => minP({ p: 0.9, minKeep: 4 })],
  ['top-a', () => topA({ ratio: 0.5 }), { distribution: (p) => keeping(p, (v) => v >= 0.5 * Math.max(...p) ** 2) }],
  ['top-a 1', () => topA({ ratio: 1, power: 1 })],
  [
    'epsilon cutoff',
    () => epsilonCutoff({ epsilon: 0.05 }),
    { distribution: (p) => keeping(p, (value) => value >= 0.05) },
  ],
  ['epsilon cutoff 0.9, keeping 3', () => epsilonCutoff({ epsilon: 0.9, minKeep: 3 })],
  ['eta cutoff', () => etaCutoff({ epsilon: 0.1 }), { distribution: plainDistribution(plainEta(0.1)) }],
  ['typical-p', () => typicalP({ p: 0.6 }), { distribution: plainDistribution(plainTypical(0.6)) }],
  ['typical-p, cut', () => compat.typicalP({ p: 0.6, ties: 'cut', border: 'at-most' })],
  ['top-h', () => topH({ entropyShare: 0.6 }), { distribution: plainDistribution(plainTopH(0.6)) }],
  ['top-n-sigma', () => topNSigma({ sigmas: 1 }), { distribution: plainDistribution(plainTopNSigma(1)) }],
  ['top-n-sigma 0', () => topNSigma({ sigmas: 0 })],
  [
    'p-less',
    () => pLess(),
    { distribution: (p) => keeping(p, (value) => value >= p.reduce((sum, other) => sum + other * other, 0)) },
  ],
  ['p-less, normalized', () => pLess({ normalized: true }), { distribution: plainDistribution(plainPLess(true)) }],
  [
    'xtc',
    () => xtc({ probability: 0.4, threshold: 0.15 }),
    {
      // Acts in 4 of 10 steps, and then the top choices but the least likely of them are out.
      distribution: (p) => {
        const least = Math.min(...p.filter((value) => value >= 0.15));
        const acted = keeping(p, (value) => value <= least);
        return p.map((value, id) => 0.6 * value + 0.4 * acted[id]!);
      },
    },
  ],
  ['xtc, always', () => xtc({ probability: 1, threshold: 0.05 })],
  ['tail-free', () => tailFree({ mass: 0.8 }), { distribution: plainDistribution(plainTailFree(0.8)) }],
  ['repetition penalty', () => repetitionPenalty({ penalty: 1.5 })],
  ['repetition penalty below 1', () => repetitionPenalty({ penalty: 0.5, window: 2, countPrompt: false })],
  ['mirostat 1', () => mirostat1({ tau: 1.2 }), { distribution: plainDistribution(plainMirostat1(1.2)) }],
  ['mirostat 2', () => mirostat2({ tau: 1.2 }), { distribution: plainDistribution(plainMirostat2(1.2)) }],
  ['adaptive-p', () => adaptiveP({ target: 0.3 }), { distribution: plainAdaptiveP(0.3) }],
  [
    'infill',
    () => infill({ text: (id) => `${id}` }),
    {
      skip: {
        'does not depend on the numbering of tokens': 'Here the text of a token is its number.',
        'treats ties alike': 'Here the text of a token is its number.',
      },
    },
  ],
];

/** On ties the lower ids come first in the order that these cut. */
const splitsTies = new Set([
  'greedy',
  'top-k 3',
  'top-k 1',
  'top-k, half of the vocabulary',
  'top-p 0.7',
  'top-p 0.7, at most',
  'top-p 0',
  'top-p 0, keeping 5',
  'min-p 0.9, keeping 4',
  'typical-p, cut',
  'top-h',
  'xtc, always',
  'tail-free',
  'infill',
]);
/** They depend on where zero is. */
const notShiftInvariant = new Set(['repetition penalty', 'repetition penalty below 1']);
/** They depend on differences and ranks of logits, not on probabilities. */
const scaleInvariant = new Set([
  'greedy',
  'temperature 0.5',
  'temperature 0',
  'temperature 3',
  'top-k 3',
  'top-k 1',
  'top-k 3 with ties',
  'top-k, half of the vocabulary',
  'top-k above the vocabulary',
  'top-n-sigma',
  'top-n-sigma 0',
  'repetition penalty',
  'repetition penalty below 1',
]);

test('every label of the lists above is a member', () => {
  const labels = members.map(([label]) => label);
  for (const label of [...splitsTies, ...notShiftInvariant, ...scaleInvariant]) expect(labels).toContain(label);
});

describe.each(members)('%s', (label, make, options = {}) => {
  const cases = samplerCases(make, {
    splitsTies: splitsTies.has(label),
    shiftInvariant: !notShiftInvariant.has(label),
    scaleInvariant: scaleInvariant.has(label),
    ...options,
  });
  for (const { name, skip, run } of cases) test.skipIf(skip !== undefined)(name, run);
});
