import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type TopAOptions, topA } from '../index.ts';

const gone = -Infinity;

// Thresholds: ratio * 0.4^power.
test.each<[TopAOptions, number[], number[]]>([
  [{ ratio: 0 }, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [{}, [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3]],
  [{ ratio: 0.7 }, [0.1, 0.2, 0.3, 0.4], [1, 2, 3]],
  [{ ratio: 0.7, power: 1 }, [0.1, 0.2, 0.3, 0.4], [2, 3]],
  [{ ratio: 1, power: 1 }, [0.1, 0.2, 0.3, 0.4], [3]],
  [{ ratio: 1, power: 0 }, [0.1, 0.2, 0.3, 0.4], [3]],
  [{ ratio: 1, power: 1 }, [0.25, 0.25, 0.25, 0.25], [0, 1, 2, 3]],
])('%j of %j keeps %j', (options, probabilities, kept) => {
  expect(candidatesOf(shaped(topA(options), probabilities.map(Math.log)))).toEqual(kept);
});

test.each([[[1, Number.NaN, 3]], [[1, Infinity, 3]], [[gone, gone, gone]]])('leaves %j alone', (logits) => {
  expect([...shaped(topA({ ratio: 1 }), logits)]).toEqual(logits);
});

test('refuses what it cannot do', () => {
  expect(() => topA({ ratio: 2 })).toThrow(ParameterError);
  expect(() => topA({ power: -1 })).toThrow(ParameterError);
  expect(() => topA({ pow: 1 } as never)).toThrow(UnknownOptionError);
});
