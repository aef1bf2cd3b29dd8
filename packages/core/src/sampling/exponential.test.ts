import { expect, test } from 'vitest';
import { exponential } from './exponential.ts';
import { Random } from './random.ts';

test('is exp to 1e-15, near and far', () => {
  const random = new Random(1);
  for (const scale of [1e-12, 1e-4, 0.1, 1, 30, 700, 760]) {
    let worst = 0;
    for (let i = 0; i < 20_000; i++) {
      const x = -scale * random.uniform(0, i, 'draw');
      const expected = Math.exp(x);
      worst = Math.max(worst, Math.abs(exponential(x) - expected) / Math.max(expected, 2 ** -1022));
    }
    expect(worst).toBeLessThan(1e-15);
  }
});

test('never falls when the argument rises, but by rounding', () => {
  let before = 0;
  for (let x = -12; x <= 0; x += 1 / 32768) {
    const value = exponential(x);
    expect(value >= before * (1 - 5e-16)).toBe(true);
    before = value;
  }
});

test('keeps the ends', () => {
  expect(exponential(0)).toBe(1);
  expect(exponential(-0)).toBe(1);
  expect(exponential(-Infinity)).toBe(0);
  expect(exponential(-1e9)).toBe(0);
  expect(exponential(Number.NaN)).toBeNaN();
  expect(exponential(1e-16)).toBe(1);
  expect(exponential(3)).toBe(Math.exp(3));
  expect(exponential(Infinity)).toBe(Infinity);
});
