import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { shaped } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { dynamicTemperature } from '../index.ts';

const gone = -Infinity;

test.each([
  ['no uncertainty: the lowest temperature', { temperature: 1, range: 0.5 }, [100, 0, gone], [200, 0, gone]],
  ['full uncertainty: the highest', { temperature: 1, range: 0.5 }, [3, 3, gone], [2, 2, gone]],
  ['range 0 is a plain temperature', { temperature: 2, range: 0 }, [4, 1, gone], [2, 0.5, gone]],
  ['a temperature of 0 is greedy', { temperature: 0, range: 0 }, [1, 4, 4], [gone, 4, gone]],
  ['one token stays as it is', { temperature: 5, range: 1 }, [gone, 4], [gone, 4]],
  ['NaN stays', { temperature: 5, range: 1 }, [Number.NaN, 4], [Number.NaN, 4]],
  ['nothing left stays', { temperature: 5, range: 1 }, [gone, gone], [gone, gone]],
])('%s', (_, options, logits, expected) => {
  expect([...shaped(dynamicTemperature(options), logits)]).toEqual(expected);
});

test('the exponent applies to the relative entropy', () => {
  // p = [0.8, 0.2]: H / ln 2 = 0.7219; squared 0.5212; t' = 0.5 + 1 * 0.5212.
  const result = shaped(dynamicTemperature({ temperature: 1, range: 0.5, exponent: 2 }), [Math.log(4), 0]);
  expect(result[0]).toBeCloseTo(Math.log(4) / 1.0212, 4);
});

test('refuses what it cannot do', () => {
  expect(() => dynamicTemperature({ range: -1 })).toThrow(ParameterError);
  expect(() => dynamicTemperature({ range: 1, exponent: 0 })).toThrow(ParameterError);
  expect(() => dynamicTemperature({ delta: 1 } as never)).toThrow(UnknownOptionError);
});
