import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { type InfillOptions, infill } from '../index.ts';
import { mergePrefixes, orderTexts } from './prefix-merger.ts';

// Token 0 ends the sequence.
const texts = ['', 'a', 'ab', 'b', 'bc', 'c'];

test.each<[string, number[], number[]]>([
  ['likely ends: nothing else stays', [0.2, 0.5, 0.1, 0.1, 0.05, 0.05], [0]],
  ['a text that begins another takes it in', [0.01, 0.5, 0.15, 0.15, 0.1, 0.09], [0, 1]],
  ['the longer text wins when it is likelier', [0.001, 0.1, 0.5, 0.1, 0.2, 0.099], [0, 2]],
  ['two that are both likely stay', [0.001, 0.25, 0.25, 0.25, 0.2, 0.049], [0, 1, 3]],
])('%s', (_, probabilities, kept) => {
  const result = shaped(infill({ text: (id) => texts[id]! }), probabilities.map(Math.log), { eosTokenIds: [0] });
  expect(candidatesOf(result)).toEqual(kept);
});

test('without a likely text the end token stays, or the likeliest token when that was removed', () => {
  const flat = [-9, ...Array.from({ length: 8 }, (_, i) => i * 0.01)];
  const options: InfillOptions = { text: (id) => `${id}` };
  expect(candidatesOf(shaped(infill(options), flat, { eosTokenIds: [0] }))).toEqual([0]);
  expect(candidatesOf(shaped(infill(options), flat.with(0, -Infinity), { eosTokenIds: [0] }))).toEqual([8]);
  expect(candidatesOf(shaped(infill({ ...options, eosTokenId: 3 }), flat, { eosTokenIds: [0] }))).toEqual([3]);
});

test("with mass 'merged' a token gets the probability of the tokens merged into it", () => {
  const logits = [0, 0.5, 0.3, 0.2].map((p) => Math.log(p));
  const result = shaped(compat.infill({ text: (id) => ['', 'x', 'xy', 'z'][id]!, mass: 'merged' }), logits, {
    eosTokenIds: [0],
  });
  expect(Math.exp(result[1]!)).toBeCloseTo(0.8, 6);
  expect(candidatesOf(result)).toEqual([1]);
});

describe('merging texts of which one begins the other', () => {
  /** The plain rule: from the likeliest token down, each is compared with all others by falling probability. */
  function mergedOneByOne(words: readonly string[], order: Int32Array, given: Float64Array): [number, number][] {
    const p = given.slice();
    const gone = new Set<number>();
    for (const id of order) {
      if (gone.has(id) || words[id] === '') continue;
      for (const other of order) {
        if (other === id || gone.has(other) || !words[other]!.startsWith(words[id]!)) continue;
        const [into, from] = p[other]! > p[id]! ? [other, id] : [id, other];
        p[into]! += p[from]!;
        gone.add(from);
        if (from === id) break;
      }
    }
    return Array.from(order, (id): [number, number] => [id, p[id]!]).filter(([id]) => !gone.has(id));
  }

  test.each(['all of a vocabulary', 'some of it'])('%s', (which) => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
    const weight = fc.oneof(fc.constantFrom(1, 2, 3), fc.double({ min: 0.01, max: 9, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, weight, fc.boolean()), { minLength: 1, maxLength: 24 }), (tokens) => {
        const words = tokens.map(([text]) => text);
        const ids = Int32Array.from(tokens.keys());
        const candidates = ids.filter((id) => which !== 'some of it' || tokens[id]![2]);
        const p = Float64Array.from(tokens, ([, value]) => value);
        const falling = candidates.toSorted((a, b) => p[b]! - p[a]! || a - b);
        const expected = mergedOneByOne(words, falling, p);
        const isLeft = mergePrefixes(
          orderTexts(ids, (id) => words[id]!),
          falling,
          p,
        );
        expect([...falling].filter(isLeft)).toEqual(expected.map(([id]) => id));
        for (const [id, mass] of expected) expect(p[id]!).toBeCloseTo(mass, 10);
      }),
      { numRuns: 500 },
    );
  });
});

test('a large vocabulary is ordered once, with the same result as for few candidates', () => {
  let calls = 0;
  const word = (id: number): string => {
    calls++;
    return id.toString(3);
  };
  const stage = infill({ text: word });
  const row = Array.from({ length: 1500 }, (_, id) => (id === 5 || id === 40 ? 10 : Math.sin(id) - 1));
  const first = candidatesOf(shaped(stage, row));
  expect(calls).toBe(1500);
  expect(candidatesOf(shaped(stage, row))).toEqual(first);
  expect(calls).toBe(1500);
  const few = row.map((logit, id) => (id < 1000 ? logit : -Infinity));
  expect(candidatesOf(shaped(stage, few))).toEqual(first);
  expect(calls).toBe(2500);
});

test('refuses what it cannot do', () => {
  expect(() => infill({} as never)).toThrow(ParameterError);
  expect(() => compat.infill({ text: String, mass: 'both' } as never)).toThrow(UnknownOptionError);
});
