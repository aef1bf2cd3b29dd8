import { shaped, type TestRowOptions } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  additivePenalty,
  dry,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  frequencyPenalty,
  noRepeatNgram,
  presencePenalty,
  repetitionPenalty,
} from '../index.ts';

// The same cases in each run, so that only a change makes it fail. FUZZ_RUNS asks for new ones.
if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

/** Few distinct tokens, so that texts repeat themselves. */
const vocabSize = 9;
const id = fc.nat(4);
const ids = fc.array(id, { maxLength: 14 });
const text = fc.record({ prompt: ids, generated: ids, source: ids });
const logit = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -30, max: 30, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-Infinity, 0) },
);
const row = fc.array(logit, { minLength: vocabSize, maxLength: vocabSize }).map((logits) => logits.map(Math.fround));
const window = fc.oneof(fc.constant('all' as const), fc.nat(12));
const amount = fc.double({ min: -2, max: 2, noNaN: true });
const factor = fc.double({ min: 0.2, max: 3, noNaN: true });
const counting = fc.record({ window, countPrompt: fc.boolean() });

interface Text {
  readonly prompt: readonly number[];
  readonly generated: readonly number[];
  readonly source: readonly number[];
}

/** The tokens that count, written out. */
function counted({ prompt, generated }: Text, counts: { window: number | 'all'; countPrompt: boolean }): number[] {
  const all = counts.countPrompt ? [...prompt, ...generated] : [...generated];
  return counts.window === 'all' ? all : all.slice(Math.max(0, all.length - counts.window));
}

const close = (got: Float32Array, expected: readonly number[]): void => {
  expected.forEach((value, at) => {
    if (Number.isFinite(value)) expect(Math.abs(got[at]! - value)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(value)));
    else expect(got[at]).toBe(value);
  });
};
const shape = (sampler: Parameters<typeof shaped>[0], logits: readonly number[], given: Text): Float32Array =>
  shaped(sampler, logits, given as TestRowOptions);

describe('a penalty changes the tokens that count, as its formula says, and no other', () => {
  test('repetition', () => {
    fc.assert(
      fc.property(row, text, counting, factor, (logits, given, counts, penalty) => {
        const seen = counted(given, counts);
        const expected = logits.map((l, at) => (!seen.includes(at) ? l : l < 0 ? l * penalty : l / penalty));
        close(shape(repetitionPenalty({ penalty, ...counts }), logits, given), expected);
      }),
    );
  });

  test('frequency, presence, and both in one', () => {
    fc.assert(
      fc.property(row, text, counting, amount, amount, (logits, given, counts, frequency, presence) => {
        const seen = counted(given, counts);
        const times = logits.map((_, at) => seen.filter((token) => token === at).length);
        const count = (l: number, at: number): number => l - times[at]! * frequency;
        const once = (l: number, at: number): number => l - (times[at]! > 0 ? presence : 0);
        close(shape(frequencyPenalty({ penalty: frequency, ...counts }), logits, given), logits.map(count));
        close(shape(presencePenalty({ penalty: presence, ...counts }), logits, given), logits.map(once));
        const both = shape(additivePenalty({ frequency, presence, ...counts }), logits, given);
        close(both, logits.map(count).map(once));
      }),
    );
  });

  test('encoder repetition, from the source, or the prompt of a model without one', () => {
    fc.assert(
      fc.property(row, text, factor, fc.boolean(), (logits, given, penalty, hasSource) => {
        const { source, ...rest } = given;
        const seen = hasSource ? source : given.prompt;
        const expected = logits.map((l, at) => (!seen.includes(at) ? l : l < 0 ? l / penalty : l * penalty));
        const options: TestRowOptions = hasSource ? given : rest;
        close(shaped(encoderRepetitionPenalty({ penalty }), logits, options), expected);
      }),
    );
  });

  test('DRY, against a search of every earlier place', () => {
    const options = fc.record({
      multiplier: fc.double({ min: 0.1, max: 2, noNaN: true }),
      base: fc.double({ min: 1, max: 2, noNaN: true }),
      allowedLength: fc.nat(3),
      window,
      countPrompt: fc.boolean(),
    });
    fc.assert(
      fc.property(row, text, options, fc.option(id, { nil: undefined }), (logits, given, chosen, breaker) => {
        const tokens = counted(given, chosen);
        const start = breaker === undefined ? 0 : tokens.lastIndexOf(breaker) + 1;
        const longest = new Map<number, number>();
        for (let at = 1; at < tokens.length; at++) {
          let length = 0;
          while (at - 1 - length >= 0 && tokens.length - 1 - length >= start) {
            if (tokens[at - 1 - length] !== tokens[tokens.length - 1 - length]) break;
            length++;
          }
          longest.set(tokens[at]!, Math.max(length, longest.get(tokens[at]!) ?? -1));
        }
        const { multiplier, base, allowedLength } = chosen;
        const expected = logits.map((l, at) => {
          const length = longest.get(at);
          if (length === undefined || length < allowedLength || at === breaker) return l;
          return tokens.length <= allowedLength ? l : l - multiplier * base ** (length - allowedLength);
        });
        const breakers = breaker === undefined ? [] : [[breaker]];
        close(shape(dry({ ...chosen, breakers }), logits, given), expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what would come about again is removed, and nothing else', () => {
  /** Tokens x for which (end of `tokens`, x) occurs in `text`. */
  const continuations = (tokens: readonly number[], within: readonly number[], size: number): number[] => {
    if (tokens.length < size - 1) return [];
    const end = tokens.slice(tokens.length - (size - 1));
    return within.flatMap((token, at) =>
      at >= size - 1 && within.slice(at - size + 1, at).join() === end.join() ? [token] : [],
    );
  };
  const without = (logits: readonly number[], gone: readonly number[]): number[] =>
    logits.map((l, at) => (gone.includes(at) ? -Infinity : l));

  test('no-repeat n-gram', () => {
    fc.assert(
      fc.property(row, text, fc.integer({ min: 1, max: 4 }), fc.boolean(), (logits, given, size, countPrompt) => {
        const tokens = counted(given, { window: 'all', countPrompt });
        const expected = without(logits, continuations(tokens, tokens, size));
        expect([...shape(noRepeatNgram({ size, countPrompt }), logits, given)]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('encoder no-repeat n-gram', () => {
    fc.assert(
      fc.property(row, text, fc.integer({ min: 1, max: 4 }), (logits, given, size) => {
        const tokens = [...given.prompt, ...given.generated];
        const expected = without(logits, continuations(tokens, given.source, size));
        expect([...shape(encoderNoRepeatNgram({ size }), logits, given)]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
