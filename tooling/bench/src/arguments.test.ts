import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';

const names = ['plain', 'decode'];

describe('readArguments', () => {
  it('takes the first bench unless another is named', () => {
    const nothing = {
      bench: 'plain',
      json: false,
      quick: false,
      engine: undefined,
      shape: undefined,
      software: false,
      data: undefined,
      draws: undefined,
      help: false,
    };
    expect(readArguments([], names)).toEqual(nothing);
    expect(readArguments(['--', 'decode'], names)).toEqual({ ...nothing, bench: 'decode' });
  });

  it('reads the options', () => {
    const given = [
      'decode',
      '--json',
      '--quick',
      '--engine',
      '8-bit',
      '--shape',
      'tiny',
      '--software',
      '--data',
      '/tmp/x',
      '--draws',
      '5000',
    ];
    expect(readArguments(given, names)).toEqual({
      bench: 'decode',
      json: true,
      quick: true,
      engine: '8-bit',
      shape: 'tiny',
      software: true,
      data: '/tmp/x',
      draws: 5000,
      help: false,
    });
  });

  it.each([
    [['decoed'], /no bench 'decoed'; there are plain, decode/],
    [['plain', 'decode'], /One bench at a time/],
    [['--fast'], /--fast/],
    [['--draws', '0'], /--draws must be an integer of at least 1, but '0' was given/],
    [['--draws', 'many'], /--draws must be an integer/],
  ])('refuses %j', (given, message) => {
    expect(() => readArguments(given, names)).toThrow(message);
  });
});
