import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type TopKOptions, topK } from '../index.ts';

const gone = -Infinity;

test.each<[TopKOptions, number[], number[]]>([
  [{ k: 2 }, [0.1, 0.4, 0.2, 0.3], [1, 3]],
  [{ k: 1 }, [0.1, 0.4, 0.2, 0.3], [1]],
  [{ k: 4 }, [0.1, 0.4, 0.2, 0.3], [0, 1, 2, 3]],
  [{ k: 99 }, [0.1, 0.4, 0.2, 0.3], [0, 1, 2, 3]],
  [{ k: 2 }, [0.1, 0.3, 0.3, 0.3], [1, 2]],
  [{ k: 2, ties: 'keep-all' }, [0.1, 0.3, 0.3, 0.3], [1, 2, 3]],
  [{ k: 2, ties: 'keep-all' }, [0.5, 0.3, 0.2, 0.2], [0, 1]],
  [{ k: 1 }, [2, 2, 2, 2], [0]],
  [{ k: 1, ties: 'keep-all' }, [2, 2, 2, 2], [0, 1, 2, 3]],
  [{ k: 3 }, [gone, 0.4, gone, 0.3], [1, 3]],
  [{ k: 3, ties: 'keep-all' }, [gone, 0.4, gone, 0.3], [1, 3]],
  [{ k: 1 }, [5], [0]],
])('%j of %j keeps %j', (options, logits, kept) => {
  const result = shaped(topK(options), logits);
  expect(candidatesOf(result)).toEqual(kept);
  for (const id of kept) expect(result[id]).toBe(Math.fround(logits[id]!));
});

test.each([[[1, Number.NaN, 3]], [[1, Infinity, 3]], [[gone, gone, gone]]])('leaves %j alone', (logits) => {
  expect([...shaped(topK({ k: 1 }), logits)]).toEqual(logits);
});

test('a large k selects the same tokens as sorting', () => {
  const logits = Float32Array.from({ length: 5000 }, (_, id) => Math.fround(Math.sin(id * id) * 4));
  const sorted = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  for (const k of [1, 512, 513, 2000, 4999])
    expect(candidatesOf(shaped(topK({ k }), logits))).toEqual(sorted.slice(0, k).sort((a, b) => a - b));
});

test('refuses what it cannot do', () => {
  expect(() => topK({ k: 0 })).toThrow('topK: k must be an integer of at least 1, but 0 was given.');
  expect(() => topK({ k: 2, share: 0.5 } as never)).toThrow(UnknownOptionError);
  expect(() => topK({} as never)).toThrow(ParameterError);
  expect(() => topK({ k: 2, ties: 'some' } as never)).toThrow(UnknownOptionError);
  expect(() => topK({ top: 2 } as never)).toThrow(UnknownOptionError);
});
