import { describe, expect, it } from 'vitest';
import { makeRow } from './row.ts';
import { digits, measured, table } from './table.ts';

const quiet = { noisy: false, foreign: 0.01 };

describe('table', () => {
  it('aligns columns and leaves out empty ones', () => {
    const rows = [
      makeRow(
        'decode',
        { measure: 'decode', engine: 'a', unit: 'tok/s' },
        { median: 9.5, min: 9, max: 10, count: 3 },
        quiet,
      ),
      makeRow(
        'decode',
        { measure: 'decode', engine: 'long', unit: 'tok/s', ratio: 12, ratioTo: 'as fast as a', shareOfLimit: 0.705 },
        { median: 1234, min: 1200, max: 1300, count: 3 },
        { noisy: true, foreign: 0.42 },
      ),
    ];
    expect(table(rows, measured)).toEqual([
      'measure  engine       median      min .. max  ratio                of limit',
      'decode   a        9.50 tok/s    9.00 .. 10.0',
      'decode   long    1,234 tok/s  1,200 .. 1,300  12.0 x as fast as a      0.70  noisy: others used 0.4',
    ]);
  });
});

describe('makeRow', () => {
  it('has every field, null where it does not apply', () => {
    const row = makeRow('memory', { measure: 'load', unit: 'ms' }, { median: 5, min: 4, max: 6, count: 3 }, quiet);
    expect(row).toEqual({
      bench: 'memory',
      measure: 'load',
      engine: null,
      format: null,
      shape: null,
      threads: null,
      tokensPerSecond: null,
      ratio: null,
      ratioTo: null,
      shareOfLimit: null,
      value: 5,
      min: 4,
      max: 6,
      unit: 'ms',
      rounds: 3,
      noisy: false,
      foreignCores: 0.01,
    });
  });

  it('uses a rate as tokens per second', () => {
    const facts = { measure: 'decode', unit: 'tok/s' } as const;
    expect(makeRow('decode', facts, { median: 19, min: 18, max: 20, count: 5 }, quiet).tokensPerSecond).toBe(19);
  });
});

it.each([
  [0.01234, '0.012'],
  [1.234, '1.23'],
  [12.34, '12.3'],
  [123.4, '123'],
  [12345.6, '12,346'],
  [Number.NaN, 'NaN'],
])('writes %d as %s', (value, text) => {
  expect(digits(value)).toBe(text);
});
