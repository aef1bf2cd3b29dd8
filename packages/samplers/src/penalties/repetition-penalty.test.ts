import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { type RepetitionPenaltyOptions, repetitionPenalty } from '../index.ts';

const gone = -Infinity;

test.each<[RepetitionPenaltyOptions, number[]]>([
  [{ penalty: 1 }, [2, -2, 1, 4]],
  [{ penalty: 2 }, [1, -4, 1, 2]],
  [{ penalty: 0.5 }, [4, -1, 1, 8]],
  [{ penalty: 2, window: 0 }, [2, -2, 1, 4]],
  [{ penalty: 2, window: 1 }, [2, -2, 1, 2]],
  [{ penalty: 2, window: 2 }, [1, -2, 1, 2]],
  [{ penalty: 2, window: 99 }, [1, -4, 1, 2]],
  [{ penalty: 2, countPrompt: false }, [1, -2, 1, 2]],
  [{ penalty: 2, countPrompt: false, window: 99 }, [1, -2, 1, 2]],
])('%j after prompt [0, 1] and reply [0, 3]: [2, -2, 1, 4] -> %j', (options, expected) => {
  const result = shaped(repetitionPenalty(options), [2, -2, 1, 4], { prompt: [0, 1], generated: [0, 3] });
  expect([...result]).toEqual(expected);
});

test('a token seen often is penalized once, a removed one stays removed', () => {
  const result = shaped(repetitionPenalty({ penalty: 2 }), [4, gone, 0], { prompt: [0, 0, 0, 1, 2] });
  expect([...result]).toEqual([2, gone, 0]);
});

test('ids outside the vocabulary are ignored', () => {
  expect([...shaped(repetitionPenalty({ penalty: 2 }), [4, 1], { prompt: [7, -1] })]).toEqual([4, 1]);
});

test('refuses what it cannot do', () => {
  expect(() => repetitionPenalty({ penalty: 0 })).toThrow(ParameterError);
  expect(() => repetitionPenalty({ penalty: 2, window: -1 })).toThrow(ParameterError);
  expect(() => repetitionPenalty({ penalty: 2, countPrompt: 'no' } as never)).toThrow(ParameterError);
  expect(() => repetitionPenalty({ repetition_penalty: 2 } as never)).toThrow(UnknownOptionError);
});
