import { logSumExp } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, type TestRowOptions } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allowedTokens,
  badWords,
  exponentialLengthDecay,
  forcedBosToken,
  forcedEosToken,
  kgwWatermark,
  minLength,
  minNewTokens,
  normalize,
  prefixAllowedTokens,
  removeInvalid,
  sequenceBias,
  suppressTokens,
  suppressTokensAtBegin,
  synthId,
  thinkingBudget,
  tokenBias,
  tokenHealing,
} from '../index.ts';

const vocabSize = 9;
const largestFloat = 3.4028234663852886e38;
const id = fc.nat(vocabSize - 1);
const tokens = fc.array(fc.nat(3), { maxLength: 6 });
const list = fc.array(id, { minLength: 1, maxLength: 4 });
const sequence = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 });
const text = fc.record({ prompt: tokens, generated: tokens, eosTokenIds: fc.uniqueArray(id, { maxLength: 2 }) });
const logit = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -30, max: 30, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-Infinity, 0) },
);
const row = fc.array(logit, { minLength: vocabSize, maxLength: vocabSize }).map((logits) => logits.map(Math.fround));
const bias = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.constant('-Infinity' as const));

type Text = Required<Pick<TestRowOptions, 'eosTokenIds'>> & {
  readonly prompt: readonly number[];
  readonly generated: readonly number[];
};
const all = ({ prompt, generated }: Text): number[] => [...prompt, ...generated];
const without = (logits: readonly number[], gone: (at: number) => boolean): number[] =>
  logits.map((l, at) => (gone(at) ? -Infinity : l));
const ends = (given: readonly number[], end: readonly number[]): boolean =>
  end.length <= given.length && given.slice(given.length - end.length).join() === end.join();
/** Check a sampler against what is written out here, for many rows and texts. */
function check<Options>(
  options: fc.Arbitrary<Options>,
  make: (options: Options) => Parameters<typeof shaped>[0],
  expected: (logits: readonly number[], given: Text, options: Options) => readonly number[],
): void {
  fc.assert(
    fc.property(row, text, options, (logits, given, chosen) => {
      expect([...shaped(make(chosen), logits, given)]).toEqual(expected(logits, given, chosen).map(Math.fround));
    }),
    { numRuns: 300 },
  );
}

describe('biases', () => {
  const add = (logits: readonly number[], at: number, by: number | '-Infinity'): number[] =>
    logits.map((l, token) => (token === at ? Math.fround(by === '-Infinity' ? -Infinity : l + by) : l));

  test('token bias', () =>
    check(
      fc.dictionary(id.map(String), bias),
      (biases) => tokenBias({ biases }),
      (logits, _, biases) => Object.entries(biases).reduce((l, [at, by]) => add(l, Number(at), by), [...logits]),
    ));

  test('sequence bias', () =>
    check(
      fc.array(fc.record({ tokens: sequence, bias }), { minLength: 1, maxLength: 3 }),
      (sequences) => sequenceBias({ sequences }),
      (logits, given, sequences) =>
        sequences
          .filter((entry) => ends(all(given), entry.tokens.slice(0, -1)))
          .reduce((l, entry) => add(l, entry.tokens.at(-1)!, entry.bias), [...logits]),
    ));
});

describe('removals', () => {
  test('suppress tokens', () =>
    check(
      list,
      (ids) => suppressTokens({ tokens: ids }),
      (logits, _, ids) => without(logits, (at) => ids.includes(at)),
    ));

  test('suppress tokens at begin', () =>
    check(
      fc.tuple(list, fc.option(fc.nat(8), { nil: undefined })),
      ([ids, position]) => suppressTokensAtBegin(position === undefined ? { tokens: ids } : { tokens: ids, position }),
      (logits, given, [ids, position]) =>
        without(logits, (at) => ids.includes(at) && all(given).length === (position ?? given.prompt.length)),
    ));

  test('allowed tokens', () =>
    check(
      fc.tuple(list, fc.boolean()),
      ([ids, eosTokenIds]) => allowedTokens({ tokens: ids, eosTokenIds }),
      (logits, given, [ids, too]) =>
        without(logits, (at) => !ids.includes(at) && !(too && given.eosTokenIds.includes(at))),
    ));

  test('prefix allowed tokens', () =>
    check(
      fc.nat(5),
      (salt) => prefixAllowedTokens({ allowed: (seen) => [(seen.length + salt) % vocabSize, seen.at(-1) ?? salt] }),
      (logits, given, salt) => {
        const seen = all(given);
        const allowed = [(seen.length + salt) % vocabSize, seen.at(-1) ?? salt];
        return without(logits, (at) => !allowed.includes(at));
      },
    ));

  test('bad words', () =>
    check(
      fc.array(sequence, { minLength: 1, maxLength: 3 }),
      (words) => badWords({ words }),
      (logits, given, words) =>
        without(logits, (at) =>
          words.some(
            (word) =>
              word.at(-1) === at &&
              ends(all(given), word.slice(0, -1)) &&
              !(word.length === 1 && given.eosTokenIds.includes(at)),
          ),
        ),
    ));

  test('minimum lengths', () => {
    check(
      fc.nat(9),
      (length) => minLength({ length }),
      (logits, given, length) => without(logits, (at) => given.eosTokenIds.includes(at) && all(given).length < length),
    );
    check(
      fc.nat(6),
      (count) => minNewTokens({ count }),
      (logits, given, count) =>
        without(logits, (at) => given.eosTokenIds.includes(at) && given.generated.length < count),
    );
  });

  test('token healing keeps the tokens that agree with the rest of the text', () => {
    const texts = ['', 'a', 'b', 'ab', 'ba', 'abb', 'bb', 'c', 'aa'];
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(word, fc.array(fc.nat(8), { maxLength: 2 }), (wanted, generated) => {
        const said = generated.map((token) => texts[token]).join('');
        const result = shaped(tokenHealing({ text: wanted, texts }), new Array(vocabSize).fill(0), { generated });
        const left = candidatesOf(result).map((token) => texts[token]!);
        if (generated.includes(0) || !wanted.startsWith(said) || said === wanted) {
          expect(left).toHaveLength(vocabSize);
          return;
        }
        const rest = wanted.slice(said.length);
        const fitting = texts.filter((token) => token !== '' && (token.startsWith(rest) || rest.startsWith(token)));
        expect(left).toEqual(fitting);
      }),
      { numRuns: 300 },
    );
  });
});

describe('forced tokens', () => {
  const forced = (ids: readonly number[]): number[] =>
    Array.from({ length: vocabSize }, (_, at) => (ids.includes(at) ? 0 : -Infinity));

  test('begin', () =>
    check(
      fc.tuple(id, fc.nat(8)),
      ([token, position]) => forcedBosToken({ token, position }),
      (logits, given, [token, position]) => (all(given).length === position ? forced([token]) : logits),
    ));

  test('end', () =>
    check(
      fc.integer({ min: 1, max: 12 }),
      (maxLength) => forcedEosToken({ maxLength }),
      (logits, given, maxLength) =>
        all(given).length === maxLength - 1 && given.eosTokenIds.length > 0 ? forced(given.eosTokenIds) : logits,
    ));

  test('the end of thinking that has used its budget', () =>
    check(
      fc.nat(4),
      (budget) => thinkingBudget({ start: [1], end: [2], budget }),
      (logits, given, budget) => {
        let opened = -1;
        all(given).forEach((token, at) => {
          if (opened < 0 && token === 1) opened = at + 1;
          else if (opened >= 0 && token === 2) opened = -1;
        });
        return opened >= 0 && all(given).length - opened >= budget ? forced([2]) : logits;
      },
    ));
});

test('exponential length decay', () => {
  fc.assert(
    fc.property(row, text, fc.nat(5), fc.double({ min: 0.5, max: 2, noNaN: true }), (logits, given, start, factor) => {
      const beyond = given.generated.length - start;
      const result = shaped(exponentialLengthDecay({ start, factor }), logits, given);
      logits.forEach((l, at) => {
        const pulled = beyond > 0 && given.eosTokenIds.includes(at) && l > -Infinity;
        const expected = pulled ? l + Math.abs(l) * (factor ** beyond - 1) : l;
        if (expected === -Infinity) expect(result[at]).toBe(-Infinity);
        else expect(Math.abs(result[at]! - expected)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected)));
      });
    }),
    { numRuns: 300 },
  );
});

describe('normalization and repair', () => {
  test('normalize: the sum is 1, and the differences are as before', () => {
    fc.assert(
      fc.property(row, (logits) => {
        if (!logits.some((l) => l > -Infinity)) return;
        const result = shaped(normalize(), logits);
        expect(Math.abs(logSumExp(result))).toBeLessThan(1e-5);
        const top = logits.indexOf(Math.max(...logits));
        logits.forEach((l, at) => {
          if (l === -Infinity) expect(result[at]).toBe(-Infinity);
          else expect(Math.abs(result[at]! - result[top]! - (l - logits[top]!))).toBeLessThan(1e-5);
        });
      }),
    );
  });

  test('remove invalid', () => {
    const broken = fc.array(fc.oneof(logit, fc.constantFrom(Number.NaN, Infinity, -Infinity)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(broken, (logits) => {
        const expected = logits.map((l) =>
          Number.isNaN(l) ? 0 : Math.max(-largestFloat, Math.min(largestFloat, Math.fround(l))),
        );
        expect([...shaped(removeInvalid(), logits)]).toEqual(expected);
      }),
    );
  });
});

describe('watermarks', () => {
  test('kgw watermark: each token gets the bias or nothing, in the given ratio', () => {
    const options = fc.record({
      greenlistRatio: fc.constantFrom(0.25, 0.5, 0.75),
      hashingKey: fc.integer({ min: 1, max: 1e9 }),
    });
    fc.assert(
      fc.property(options, tokens, (chosen, generated) => {
        const result = shaped(kgwWatermark({ ...chosen, bias: 2 }), new Array(40).fill(1), { prompt: [3], generated });
        expect(result.every((l) => l === 1 || l === 3)).toBe(true);
        expect(result.filter((l) => l === 3)).toHaveLength(Math.floor(40 * chosen.greenlistRatio));
      }),
    );
  });

  test('SynthID: a distribution over the same tokens, moved within the bounds of its tournaments', () => {
    const options = fc.record({
      keys: fc.array(fc.nat(1e6), { minLength: 1, maxLength: 5 }),
      samplingTable: fc.record({ size: fc.constantFrom(64, 100, 1000), seed: fc.nat(9) }),
    });
    fc.assert(
      fc.property(options, row, tokens, (chosen, logits, generated) => {
        if (!logits.some((l) => l > -Infinity)) return;
        const near = logits.map((l) => Math.max(l / 10, -Infinity));
        const before = logSumExp(Float32Array.from(near));
        const result = shaped(synthId(chosen), near, { prompt: [1], generated });
        expect(
          Math.abs(logSumExp(result) - (result.every((l, at) => l === Math.fround(near[at]!)) ? before : 0)),
        ).toBeLessThan(1e-5);
        const bound = chosen.keys.length * Math.LN2 + 1e-5;
        near.forEach((l, at) => {
          if (l === -Infinity) expect(result[at]).toBe(-Infinity);
          else expect(result[at]! - (l - before)).toBeLessThanOrEqual(bound + Math.abs(before));
        });
      }),
    );
  });
});
