import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import {
  type AdditivePenaltyOptions,
  additivePenalty,
  encoderRepetitionPenalty,
  frequencyPenalty,
  presencePenalty,
  repetitionPenalty,
} from '../index.ts';

const gone = -Infinity;
const text = { prompt: [0, 1], generated: [0, 3, 3] };

test.each<[AdditivePenaltyOptions, number[]]>([
  [{}, [2, -2, 1, 4]],
  [{ frequency: 0.5 }, [1.5, -2, 1, 3]],
  [{ frequency: 0.5, countPrompt: true }, [1, -2.5, 1, 3]],
  [{ frequency: 0.5, window: 2 }, [2, -2, 1, 3]],
  [{ frequency: 0.5, window: 99 }, [1.5, -2, 1, 3]],
  [{ frequency: 0.5, window: 4, countPrompt: true }, [1.5, -2.5, 1, 3]],
  [{ frequency: 0.5, window: 0 }, [2, -2, 1, 4]],
  [{ frequency: -1 }, [3, -2, 1, 6]],
  [{ presence: 0.5 }, [1.5, -2, 1, 3.5]],
  [{ presence: 0.5, countPrompt: true }, [1.5, -2.5, 1, 3.5]],
  [{ presence: 1, frequency: 0.25 }, [0.75, -2, 1, 2.5]],
])('%j after prompt [0, 1] and reply [0, 3, 3]: [2, -2, 1, 4] -> %j', (options, expected) => {
  expect([...shaped(additivePenalty(options), [2, -2, 1, 4], text)]).toEqual(expected);
  const { frequency: penalty, presence, ...counting } = options;
  if (penalty !== undefined && presence === undefined)
    expect([...shaped(frequencyPenalty({ penalty, ...counting }), [2, -2, 1, 4], text)]).toEqual(expected);
  if (presence !== undefined && penalty === undefined)
    expect([...shaped(presencePenalty({ penalty: presence, ...counting }), [2, -2, 1, 4], text)]).toEqual(expected);
});

test('additive before multiplicative differs from additive after it', () => {
  const times = repetitionPenalty({ penalty: 2, countPrompt: false });
  const minus = additivePenalty({ presence: 1 });
  expect([...shaped([times, minus], [4, -2], { generated: [0, 1] })]).toEqual([1, -5]);
  expect([...shaped([minus, times], [4, -2], { generated: [0, 1] })]).toEqual([1.5, -6]);
});

test('removed tokens stay removed, NaN stays, ids outside the vocabulary are ignored', () => {
  const row = shaped(additivePenalty({ frequency: 1, presence: -3 }), [gone, Number.NaN, 1], { generated: [0, 1, 9] });
  expect([...row]).toEqual([gone, Number.NaN, 1]);
});

test.each([
  [1, [2, -2, 1, 0]],
  [2, [4, -1, 1, 0]],
  [0.5, [1, -4, 1, 0]],
])('encoder repetition penalty %d with source [0, 1, 1, 3]: [2, -2, 1, 0] -> %j', (penalty, expected) => {
  const sampler = encoderRepetitionPenalty({ penalty });
  expect([...shaped(sampler, [2, -2, 1, 0], { source: [0, 1, 1, 3, 77] })]).toEqual(expected);
});

test('without a source the prompt takes its place, and the reply does not', () => {
  const sampler = encoderRepetitionPenalty({ penalty: 2 });
  expect([...shaped(sampler, [2, -2, 1, 4], { prompt: [0, 1], generated: [3] })]).toEqual([4, -1, 1, 4]);
});

test('refuse what they cannot do', () => {
  expect(() => frequencyPenalty({ penalty: Number.NaN })).toThrow(ParameterError);
  expect(() => presencePenalty({ penalty: 1, window: 0.5 })).toThrow(ParameterError);
  expect(() => additivePenalty({ presence: 1, countPrompt: 1 } as never)).toThrow(ParameterError);
  expect(() => additivePenalty({ present: 1 } as never)).toThrow(UnknownOptionError);
  expect(() => encoderRepetitionPenalty({ penalty: 0 })).toThrow(ParameterError);
});
