import { ParameterError, type Tokenizer } from '@tokenwright/core';
import { shaped } from '@tokenwright/core/testing';
import { array, assert, constantFrom, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { type DryOptions, dry, dryBreakers } from '../index.ts';

test.each<[number[], Omit<DryOptions, 'multiplier'>, number[]]>([
  [[0, 1], { base: 2 }, [0, 0, 0, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2 }, [0, 0, -1, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2, allowedLength: 1 }, [0, 0, -2, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2, allowedLength: 3 }, [0, 0, 0, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2 }, [0, 0, -2, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, window: 5 }, [0, 0, 0, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, window: 6 }, [0, 0, -1, 0, 0]],
  [[0, 1, 2, 4, 0, 1, 3, 0, 1], { base: 2 }, [0, 0, -1, -1, 0]],
  // A breaker inside the repetition shortens it to what comes after the breaker.
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, breakers: [[3]] }, [0, 0, -1, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, breakers: [[0]] }, [0, 0, 0, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, breakers: [[3, 0]] }, [0, 0, 0, 0, 0]],
  [[3, 0, 1, 2, 3, 0, 1], { base: 2, allowedLength: 1, breakers: [[3, 0]] }, [0, 0, -1, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2, breakers: [[2]] }, [0, 0, 0, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2, breakers: [[2, 4]] }, [0, 0, -1, 0, 0]],
  [[0, 1, 2, 0, 1], { base: 2, countPrompt: false }, [0, 0, 0, 0, 0]],
])('%j, %j -> %j', (prompt, options, expected) => {
  expect([...shaped(dry({ multiplier: 1, ...options }), [0, 0, 0, 0, 0], { prompt })]).toEqual(expected);
});

test('is what its definition says', () => {
  const token = integer({ min: 0, max: 3 });
  assert(
    property(
      array(token, { maxLength: 40 }),
      integer({ min: 1, max: 4 }),
      array(array(token, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
      (prompt, allowedLength, breakers) => {
        const row = shaped(dry({ multiplier: 1, base: 1.5, allowedLength, breakers }), [0, 0, 0, 0], { prompt });
        const startsAt = (breaker: number[], at: number): boolean => breaker.every((id, i) => prompt[at + i] === id);
        let limit = prompt.length;
        for (let at = prompt.length - 1; at >= 0 && limit === prompt.length; at--) {
          const here = breakers.filter((breaker) => startsAt(breaker, at)).map((breaker) => breaker.length);
          if (here.length > 0) limit = prompt.length - at - Math.max(...here);
        }
        for (let id = 0; id < 4; id++) {
          let longest = -1;
          for (let at = 0; at < prompt.length; at++) {
            if (prompt[at] !== id) continue;
            let length = 0;
            while (length < at && prompt[at - 1 - length] === prompt[prompt.length - 1 - length]) length++;
            longest = Math.max(longest, Math.min(length, limit));
          }
          const exempt = breakers.some((breaker) => breaker.length === 1 && breaker[0] === id);
          const penalty = longest >= allowedLength && !exempt ? 1.5 ** (longest - allowedLength) : 0;
          expect(row[id]).toBeCloseTo(-penalty, 3);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a long repetition never takes a logit out of float32', () => {
  const row = shaped(dry({ multiplier: 5 }), [1, 2, 3], { prompt: new Array(2000).fill(1) });
  expect(row[1]).toBe(-3.4028234663852886e38);
  expect([row[0], row[2]]).toEqual([1, 3]);
});

/** Tokens are pieces of text; encoding takes the longest that fits. */
const pieces = ['a', 'b', ':', '\n', ' "', '":', ' ', '"', '::\n'];
const tokenizer: Tokenizer = {
  vocabSize: pieces.length,
  encode: (text) => {
    const ids: number[] = [];
    for (let at = 0; at < text.length; at += pieces[ids.at(-1)!]!.length) {
      const fits = pieces.map((piece, id) => [piece, id] as const).filter(([piece]) => text.startsWith(piece, at));
      ids.push(fits.sort((x, y) => y[0].length - x[0].length)[0]![1]);
    }
    return ids;
  },
  decode: (ids) => Array.from(ids, (id) => pieces[id]).join(''),
};

test('breakers are found through every token that overlaps them', () => {
  expect(dryBreakers(tokenizer, ['\n'])).toEqual([[3], [8]]);
  expect(dryBreakers(tokenizer, ['":'])).toEqual([[4, 2], [5], [7, 2]]);
  expect(dryBreakers(tokenizer, [''])).toEqual([]);
  const found = dryBreakers(tokenizer);
  expect(found.every((breaker) => breaker.length === 1)).toBe(true);
  expect(found.flat().sort()).toEqual([2, 3, 4, 5, 7, 8]);
});

test('refuses what it cannot do', () => {
  expect(() => dry({ multiplier: -1 })).toThrow(ParameterError);
  expect(() => dry({ multiplier: 1, base: 0.9 })).toThrow(ParameterError);
  expect(() => dry({ multiplier: 1, breakers: [[]] })).toThrow(
    'dry: breakers[0] must be a list of at least 1 token id',
  );
  assert(
    property(constantFrom('window', 'allowedLength'), (name) => {
      expect(() => dry({ multiplier: 1, [name]: -1 } as never)).toThrow(ParameterError);
    }),
  );
});
