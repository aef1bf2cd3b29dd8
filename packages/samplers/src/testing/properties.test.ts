import { forEachCandidate, type Sampler } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import {
  adaptiveP,
  dynamicTemperature,
  epsilonCutoff,
  etaCutoff,
  gpt2,
  greedy,
  huggingFace,
  llamaCpp,
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
  vllm,
  xTransformers,
  xtc,
} from '../index.ts';
import * as plain from './plain-filters.ts';

// The same cases in each run, so that only a change makes it fail. FUZZ_RUNS asks for new ones.
if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

const share = fc.double({ min: 0, max: 1, noNaN: true });
const above0 = fc.double({ min: 1e-6, max: 1, noNaN: true });
const count = fc.integer({ min: 1, max: 12 });

/** Every sampler with any options that it allows. */
const samplers: Record<string, fc.Arbitrary<Sampler>> = {
  greedy: fc.constant(greedy()),
  temperature: fc.double({ min: 0, max: 20, noNaN: true }).map((t) => temperature({ temperature: t })),
  dynamicTemperature: fc
    .tuple(share, share, above0)
    .map(([t, range, exponent]) => dynamicTemperature({ temperature: t, range, exponent })),
  topK: fc
    .tuple(count, fc.constantFrom('exactly-k' as const, 'keep-all' as const))
    .map(([k, ties]) => topK({ k, ties })),
  topKShare: above0.map((part) => compat.topK({ share: part })),
  topP: fc
    .tuple(share, fc.constantFrom('below' as const, 'at-most' as const), count)
    .map(([p, border, minKeep]) => compat.topP({ p, border, minKeep })),
  minP: fc.tuple(share, count).map(([p, minKeep]) => minP({ p, minKeep })),
  topA: fc.tuple(share, fc.double({ min: 0, max: 4, noNaN: true })).map(([ratio, power]) => topA({ ratio, power })),
  typical: fc
    .tuple(
      above0,
      fc.constantFrom('below' as const, 'at-most' as const),
      fc.constantFrom('keep-all' as const, 'cut' as const),
      count,
    )
    .map(([mass, border, ties, minKeep]) => compat.typicalP({ p: mass, border, ties, minKeep })),
  epsilon: fc.tuple(share, count).map(([value, minKeep]) => epsilonCutoff({ epsilon: value * 0.99, minKeep })),
  eta: fc.tuple(share, count).map(([value, minKeep]) => etaCutoff({ epsilon: value * 0.99, minKeep })),
  topH: fc.tuple(above0, count).map(([h, candidates]) => topH({ entropyShare: h, candidates })),
  topNSigma: fc.double({ min: 0, max: 5, noNaN: true }).map((n) => topNSigma({ sigmas: n })),
  pLess: fc.boolean().map((normalized) => pLess({ normalized })),
  xtc: fc
    .tuple(share, share, count)
    .map(([probability, threshold, minKeep]) => xtc({ probability, threshold, minKeep })),
  tailFree: fc.tuple(share, count).map(([z, minKeep]) => tailFree({ mass: z, minKeep })),
  infill: fc
    .constantFrom('own' as const, 'merged' as const)
    .map((mass) => compat.infill({ text: (id) => 'ab'.slice(0, id % 3), mass })),
  repetitionPenalty: fc
    .tuple(fc.double({ min: 0.1, max: 3, noNaN: true }), fc.nat(5), fc.boolean())
    .map(([penalty, window, countPrompt]) => repetitionPenalty({ penalty, window, countPrompt })),
  mirostat1: fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), share).map(([tau, eta]) => mirostat1({ tau, eta })),
  mirostat2: fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), share).map(([tau, eta]) => mirostat2({ tau, eta })),
  adaptiveP: fc.tuple(share, share).map(([target, decay]) => adaptiveP({ target, decay: decay * 0.99 })),
};

/** Rows with ties, removed tokens, and large and small numbers. */
const rows = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.float({ min: -30, max: 30, noNaN: true }) },
      { weight: 3, arbitrary: fc.constantFrom(-1, 0, 1, 2) },
      { weight: 2, arbitrary: fc.constant(-Infinity) },
      {
        weight: 1,
        arbitrary: fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true, noDefaultInfinity: true }),
      },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .filter((row) => row.some((logit) => logit > -Infinity));

describe.each(Object.entries(samplers))('%s', (_, sampler) => {
  test('leaves a token, revives none, and makes no NaN', () => {
    fc.assert(
      fc.property(sampler, rows, fc.array(fc.nat(59), { maxLength: 8 }), (stage, logits, generated) => {
        const options = { prompt: [0], generated, eosTokenIds: [1] };
        const result = shaped(stage, logits, options);
        const left = candidatesOf(result);
        expect(left.length).toBeGreaterThan(0);
        expect(result.every((logit) => logit < Infinity && !Number.isNaN(logit))).toBe(true);
        expect(left.every((id) => logits[id]! > -Infinity)).toBe(true);
        if (stage.traits?.keepsArgMax === true) {
          const top = Math.max(...logits);
          expect(left.some((id) => Math.fround(logits[id]!) === Math.fround(top))).toBe(true);
        }
        expect([...shaped(stage, logits, options)]).toEqual([...result]);
      }),
      { numRuns: 150 },
    );
  });
});

test.each(['greedy', 'temperature0', 'topK', 'topKShare', 'minP'])(
  '%s: what it removed does not matter to it the second time',
  (name) => {
    const sampler = name === 'temperature0' ? fc.constant(temperature({ temperature: 0 })) : samplers[name]!;
    fc.assert(
      fc.property(sampler, rows, (stage, logits) => {
        const once = shaped(stage, logits);
        expect([...shaped(stage, once)]).toEqual([...once]);
      }),
    );
  },
);

/** Fractions that no count of equal tokens makes: a border is never met exactly. */
const fraction = fc.integer({ min: 1, max: 9972 }).map((n) => n / 9973);

/** Mostly small ones, as probabilities are. */
const small = fc.tuple(fraction, fc.integer({ min: 1, max: 8 })).map(([value, power]) => value ** power);

/** Every filter beside its formula, with any options. */
const formulas: Record<string, fc.Arbitrary<readonly [Sampler, plain.PlainFilter]>> = {
  topK: fc
    .tuple(count, fc.constantFrom('exactly-k' as const, 'keep-all' as const))
    .map(([k, ties]) => [topK({ k, ties }), plain.plainTopK(k, ties)]),
  topP: fraction.map((p) => [topP({ p }), plain.plainTopP(p)]),
  minP: small.map((p) => [minP({ p }), plain.plainMinP(p)]),
  topA: fc
    .tuple(small, fraction)
    .map(([ratio, half]) => [topA({ ratio, power: 4 * half }), plain.plainTopA(ratio, 4 * half)]),
  epsilon: small.map((value) => [epsilonCutoff({ epsilon: value }), plain.plainEpsilon(value)]),
  eta: small.map((value) => [etaCutoff({ epsilon: value }), plain.plainEta(value)]),
  typical: fraction.map((mass) => [typicalP({ p: mass }), plain.plainTypical(mass)]),
  topH: fc
    .tuple(fraction, fc.integer({ min: 1, max: 40 }))
    .map(([h, candidates]) => [topH({ entropyShare: h, candidates }), plain.plainTopH(h, candidates)]),
  topNSigma: fraction.map((n) => [topNSigma({ sigmas: 4 * n }), plain.plainTopNSigma(4 * n)]),
  pLess: fc.boolean().map((normalized) => [pLess({ normalized }), plain.plainPLess(normalized)]),
  xtc: small.map((half) => [xtc({ probability: 1, threshold: half / 2 }), plain.plainXtc(half / 2)]),
  tailFree: fc
    .tuple(fraction, count)
    .map(([z, minKeep]) => [tailFree({ mass: z, minKeep }), plain.plainTailFree(z, minKeep)]),
  mirostat1: fc
    .tuple(fraction, fc.integer({ min: 2, max: 80 }))
    .map(([tau, m]) => [mirostat1({ tau: 5 * tau, m }), plain.plainMirostat1(5 * tau, m)]),
  mirostat2: fraction.map((tau) => [mirostat2({ tau: 5 * tau }), plain.plainMirostat2(5 * tau)]),
};

/** Flat and peaked rows whose probabilities are all above 0 in float64, with ties and removed tokens. */
const ordinaryRows = fc
  .tuple(
    fc.constantFrom(0.5, 2, 12),
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -9999, max: 9999 }).map((n) => n / 9999) },
        { weight: 2, arbitrary: fc.constantFrom(-1, 0, 1) },
        { weight: 1, arbitrary: fc.constant(-Infinity) },
      ),
      { minLength: 1, maxLength: 200 },
    ),
  )
  .map(([scale, row]) => row.map((value) => Math.fround(scale * value)))
  .filter((row) => row.some((logit) => logit > -Infinity));

test.each(Object.entries(formulas))('%s keeps the tokens of its formula', (_, formula) => {
  fc.assert(
    fc.property(formula, ordinaryRows, ([stage, filter], logits) => {
      const stays = filter(plain.plainSoftmax(logits));
      expect(candidatesOf(shaped(stage, logits))).toEqual(Array.from(stays.keys()).filter((id) => stays[id]));
    }),
    { numRuns: 600 },
  );
});

test.each<[string, fc.Arbitrary<readonly [Sampler, (p: readonly number[]) => readonly number[]]>]>([
  ['adaptiveP', fraction.map((target) => [adaptiveP({ target }), plain.plainAdaptiveP(target)])],
  [
    'dynamicTemperature',
    fc
      .tuple(fraction, fraction)
      .map(([t, exponent]) => [
        dynamicTemperature({ temperature: 1 + t, range: 0.5, exponent }),
        plain.plainDynamicTemperature(1 + t, 0.5, exponent),
      ]),
  ],
  [
    'temperature',
    fraction.map((t) => [
      temperature({ temperature: 0.4 + 3 * t }),
      (p) => plain.plainSoftmax(p.map((value) => Math.log(value) / (0.4 + 3 * t))),
    ]),
  ],
])('%s gives the distribution of its formula', (_, formula) => {
  fc.assert(
    fc.property(formula, ordinaryRows, ([stage, distribution], logits) => {
      if (logits.filter((logit) => logit > -Infinity).length < 2) return;
      const expected = distribution(plain.plainSoftmax(logits));
      plain.plainSoftmax(shaped(stage, logits)).forEach((p, id) => {
        expect(Math.abs(p - expected[id]!)).toBeLessThan(1e-5);
      });
    }),
    { numRuns: 300 },
  );
});

describe('limits that tie samplers together', () => {
  const kept = (sampler: Sampler, logits: number[]): number[] => candidatesOf(shaped(sampler, logits));
  const agree = (a: Sampler, b: Sampler): void =>
    fc.assert(
      fc.property(rows, (logits) => {
        expect(kept(a, logits)).toEqual(kept(b, logits));
      }),
    );

  test('top-k 1 = greedy', () => agree(topK({ k: 1 }), greedy()));
  test('top-p 0 = greedy', () => agree(topP({ p: 0 }), greedy()));
  test('temperature 0 = greedy', () => agree(temperature({ temperature: 0 }), greedy()));
  test('min-p 1 = top-k 1 with ties', () => agree(minP({ p: 1 }), topK({ k: 1, ties: 'keep-all' })));
  test('top-a with power 1 = min-p', () => {
    fc.assert(
      fc.property(rows, above0, (logits, p) => {
        const [a, b] = [kept(topA({ ratio: p, power: 1 }), logits), kept(minP({ p }), logits)];
        expect(Math.abs(a.length - b.length)).toBeLessThanOrEqual(1);
      }),
    );
  });
  test.each([
    ['top-k of the vocabulary', topK({ k: 60 })],
    ['top-p 1', topP({ p: 1 })],
    ['min-p 0', minP({ p: 0 })],
    ['typical 1', typicalP({ p: 1 })],
    ['epsilon 0', epsilonCutoff({ epsilon: 0 })],
    ['eta 0', etaCutoff({ epsilon: 0 })],
    ['top-a 0', topA({ ratio: 0 })],
    ['top-n-sigma 0', topNSigma({ sigmas: 0 })],
    ['xtc 0', xtc({ probability: 0 })],
    ['tail-free 1', tailFree({ mass: 1 })],
    ['temperature 1', temperature({ temperature: 1 })],
    ['repetition penalty 1', repetitionPenalty({ penalty: 1 })],
  ])('%s changes nothing', (_, sampler) => {
    fc.assert(
      fc.property(rows, (logits) => {
        expect([...shaped(sampler, logits, { prompt: [0, 1] })]).toEqual(logits.map(Math.fround));
      }),
    );
  });
});

test('every preset leaves a token', () => {
  fc.assert(
    fc.property(rows, share, count, (logits, p, k) => {
      for (const chain of [
        huggingFace({ topP: p, topK: k, typicalP: Math.max(0.01, p), temperature: 0.7, etaCutoff: p * 0.9 }),
        llamaCpp({ topP: p, topK: k, minP: p, typicalP: Math.max(0.01, p), xtcProbability: p }),
        vllm({ topP: Math.max(0.01, p), topK: k, minP: p }),
        xTransformers({ filter: 'top_p', thres: p, temperature: p }),
        gpt2({ topK: k }),
      ])
        expect(candidatesOf(shaped(chain, logits)).length).toBeGreaterThan(0);
    }),
  );
});

test('candidates are visited by rising id, removed ones are not', () => {
  const seen: number[] = [];
  forEachCandidate(Float32Array.of(1, -Infinity, 0), { candidates: undefined }, (id) => seen.push(id));
  expect(seen).toEqual([0, 2]);
});
