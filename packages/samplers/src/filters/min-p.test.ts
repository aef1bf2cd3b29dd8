import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type MinPOptions, minP } from '../index.ts';

const gone = -Infinity;

test.each<[MinPOptions, number[], number[]]>([
  [{ p: 0 }, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [{ p: 0.24 }, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [{ p: 0.26 }, [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],
  [{ p: 0.76 }, [0.1, 0.2, 0.3, 0.4], [3]],
  [{ p: 1 }, [0.1, 0.3, 0.3, 0.3], [1, 2, 3]],
  [{ p: 0.9, minKeep: 3 }, [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],
  [{ p: 0.9, minKeep: 9 }, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [{ p: 1 }, [1], [0]],
])('%j of %j keeps %j', (options, probabilities, kept) => {
  expect(candidatesOf(shaped(minP(options), probabilities.map(Math.log)))).toEqual(kept);
});

test.each([[[1, Number.NaN, 3]], [[1, Infinity, 3]], [[gone, gone, gone]]])('leaves %j alone', (logits) => {
  expect([...shaped(minP({ p: 1 }), logits)]).toEqual(logits);
});

test('refuses what it cannot do', () => {
  expect(() => minP({ p: -0.1 })).toThrow(ParameterError);
  expect(() => minP({ minP: 0.1 } as never)).toThrow(UnknownOptionError);
});
