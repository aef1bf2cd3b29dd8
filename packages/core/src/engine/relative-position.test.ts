import { describe, expect, it } from 'vitest';
import { bucketsOf } from './relative-position.ts';

/** Buckets as letters: 0 is '0', 10 is ':', 17 is 'A'. Written by numpy in float32, by the formula of Hugging Face's T5. */
const letters = (buckets: Int32Array): string => String.fromCharCode(...buckets.map((bucket) => 48 + bucket));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('bucketsOf', () => {
  it('halves the buckets by direction for an encoder', () => {
    const setting = { buckets: 32, maxDistance: 128, bidirectional: true };
    expect(letters(bucketsOf([140], range(100, 180), setting))).toBe(
      '<<<<<<<<<;;;;;;;;;:::::::9999888876543210ABCDEFGHHHHIIIIJJJJJJJKKKKKKKKKLLLLLLLLL',
    );
    const far = bucketsOf([0], [-1000, -128, -91, -90, 90, 91, 128, 1000], setting);
    expect([...far]).toEqual([15, 15, 15, 14, 30, 31, 31, 31]);
  });

  it('uses all buckets for earlier positions in a decoder, and one for later positions', () => {
    const setting = { buckets: 32, maxDistance: 128, bidirectional: false };
    expect(letters(bucketsOf([64], range(0, 65), setting))).toBe(
      'JJJJJJIIIIIIIHHHHHHGGGGGGFFFFFEEEEDDDDCCCBBBAA@@@?>=<;:98765432100',
    );
  });

  it('supports other sizes', () => {
    expect(letters(bucketsOf([25], range(0, 50), { buckets: 8, maxDistance: 20, bidirectional: true }))).toBe(
      '333333333333333333322222105666667777777777777777777',
    );
    expect(letters(bucketsOf([25], range(0, 26), { buckets: 8, maxDistance: 20, bidirectional: false }))).toBe(
      '777777777777666665554432100',
    );
  });

  it('gives one row per query', () => {
    const setting = { buckets: 8, maxDistance: 20, bidirectional: true };
    expect([...bucketsOf([0, 5], [0, 5, 6], setting)]).toEqual([0, 6, 6, 2, 0, 5]);
  });
});
