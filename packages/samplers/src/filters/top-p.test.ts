import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type TopPOptions, topP } from '../index.ts';

const gone = -Infinity;

test.each<[TopPOptions, number[], number[]]>([
  [{ p: 0.75 }, [0.1, 0.4, 0.2, 0.3], [1, 2, 3]],
  [{ p: 0.69 }, [0.1, 0.4, 0.2, 0.3], [1, 3]],
  [{ p: 0.3 }, [0.1, 0.4, 0.2, 0.3], [1]],
  [{ p: 0 }, [0.1, 0.4, 0.2, 0.3], [1]],
  [{ p: 0, minKeep: 3 }, [0.1, 0.4, 0.2, 0.3], [1, 2, 3]],
  [{ p: 0.3, minKeep: 9 }, [0.1, 0.4, 0.2, 0.3], [0, 1, 2, 3]],
  [{ p: 1 }, [0.1, 0.4, 0.2, 0.3], [0, 1, 2, 3]],
  [{ p: 0.5 }, [0.25, 0.25, 0.25, 0.25], [0, 1]],
  [{ p: 0.25 }, [0.25, 0.25, 0.25, 0.25], [0]],
  [{ p: 0.9 }, [0, 0.5, 0, 0.5], [1, 3]],
  [{ p: 0.3 }, [1], [0]],
])('%j of %j keeps %j', (options, probabilities, kept) => {
  const logits = Float32Array.from(probabilities, Math.log);
  const result = shaped(topP(options), logits);
  expect(candidatesOf(result)).toEqual(kept);
  for (const id of kept) expect(result[id]).toBe(logits[id]);
});

test.each([[[1, Number.NaN, 3]], [[1, Infinity, 3]], [[gone, gone, gone]]])('leaves %j alone', (logits) => {
  expect([...shaped(topP({ p: 0.1 }), logits)]).toEqual(logits);
});

test.each([
  ['peaked', 8],
  ['ordinary', 2],
  ['flat', 0.01],
  ['all equal', 0],
])('a large %s row gives what sorting gives', (_, scale) => {
  const logits = Float32Array.from({ length: 3000 }, (_, id) => Math.sin(id * id) * scale);
  const sorted = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  for (const p of [0.01, 0.333, 0.777, 0.999]) {
    let sum = 0;
    const kept = sorted.filter((id) => {
      const before = sum;
      sum += Math.exp(logits[id]!);
      return before < p * total;
    });
    expect(candidatesOf(shaped(topP({ p }), logits))).toEqual(kept.sort((a, b) => a - b));
  }
});

test('refuses what it cannot do', () => {
  expect(() => topP({ p: 1.01 })).toThrow('topP: p must be a number from 0 to 1, but 1.01 was given.');
  expect(() => topP({ p: 0.5, minKeep: 0 })).toThrow(ParameterError);
  expect(() => topP({ p: 0.5, border: 'at-most' } as never)).toThrow(UnknownOptionError);
  expect(() => topP({ top_p: 0.5 } as never)).toThrow(/unknown option 'top_p'. Did you mean 'p'\?/);
});
