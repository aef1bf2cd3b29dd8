import { describe, expect, it } from 'vitest';
import { LoadError, ParameterError } from '../../errors.ts';
import { readConfig, rotaryTable } from './config.ts';

const config = readConfig('gpt2', {
  count: 12,
  zero: 0,
  half: 0.5,
  text: 'silu',
  yes: true,
  absent: null,
  activation: 'gelu_new',
  inherited: 'toString',
});

describe('readConfig', () => {
  it('reads values of each kind', () => {
    expect(config.integer('count')).toBe(12);
    expect(config.divisor('count', 24)).toBe(12);
    expect(config.number('half')).toBe(0.5);
    expect(config.number('zero')).toBe(0);
    expect(config.flag('yes', false)).toBe(true);
    expect(config.value('text')).toBe('silu');
  });

  it('falls back where a key is absent or null', () => {
    for (const key of ['absent', 'nowhere']) {
      expect(config.integer(key, 3)).toBe(3);
      expect(config.divisor(key, 6, 3)).toBe(3);
      expect(config.number(key, 0.25)).toBe(0.25);
      expect(config.flag(key, true)).toBe(true);
      expect(config.activation(key, 'relu')).toBe('relu');
      expect(config.value(key)).toBeUndefined();
    }
  });

  it.each([
    ['gelu', 'gelu'],
    ['gelu_new', 'gelu-tanh'],
    ['gelu_pytorch_tanh', 'gelu-tanh'],
    ['relu', 'relu'],
    ['silu', 'silu'],
    ['swish', 'silu'],
  ])('knows the activation %s as %s', (name, expected) => {
    expect(config.activation('nowhere', name)).toBe(expected);
  });

  it.each<[string, string, () => unknown]>([
    ['integer', 'nowhere', () => config.integer('nowhere')],
    ['integer', 'zero', () => config.integer('zero')],
    ['integer', 'half', () => config.integer('half')],
    ['integer', 'text', () => config.integer('text')],
    ['divisor', 'count', () => config.divisor('count', 25)],
    ['number', 'text', () => config.number('text')],
    ['number', 'nowhere', () => config.number('nowhere')],
    ['flag', 'count', () => config.flag('count', true)],
    ['activation', 'count', () => config.activation('count')],
    ['activation', 'inherited', () => config.activation('inherited')],
    ['mustBe', 'half', () => config.mustBe('half', 1, 2)],
  ])('refuses as %s what is not: %s, and names the key', (_, key, read) => {
    let error: unknown;
    try {
      read();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LoadError);
    expect(error).toMatchObject({ file: 'config.json', field: key, message: expect.stringContaining('gpt2') });
  });

  it('says what is supported', () => {
    expect(() => config.mustBe('half', 1, 2)).toThrow(
      'config.json: half: 0.5 is not supported; supported: 1, 2 (gpt2)',
    );
    expect(() => config.divisor('count', 25)).toThrow('must divide 25, but is 12');
  });

  it('accepts a value that must be so, also by being absent', () => {
    expect(() => config.mustBe('half', 1, 0.5)).not.toThrow();
    expect(() => config.mustBe('nowhere', 1)).not.toThrow();
    expect(() => config.mustBe('absent', 1)).not.toThrow();
  });
});

describe('rotaryTable', () => {
  it('holds cosines, then sines, of position times frequency', () => {
    const table = rotaryTable(3, [1, 0.5]);
    expect(table).toHaveLength(12);
    expect([...table.subarray(0, 4)]).toEqual([1, 1, 0, 0]);
    const expected = [Math.cos(2), Math.cos(1), Math.sin(2), Math.sin(1)];
    for (const [i, value] of expected.entries()) expect(table[8 + i]).toBeCloseTo(value, 6);
  });

  it('refuses a table of no positions', () => {
    expect(() => rotaryTable(0, [1])).toThrow(ParameterError);
  });

  it('gives any part of the table as the whole has it', () => {
    const whole = rotaryTable(9, [1, 0.3, 0.01], 1.5);
    expect(rotaryTable(4, [1, 0.3, 0.01], 1.5, 5)).toEqual(whole.subarray(5 * 6));
  });
});
