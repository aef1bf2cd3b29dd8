import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, blockForms } from '../../testing/gguf-block-forms.ts';
import { blockFormat, blockFormatNames, encodeBlocks } from '../../testing/gguf-blocks.ts';
import { readTypes, type TensorType, tensorTypes } from '../file/tensor-types.ts';

const typeOf = (name: string): TensorType => [...tensorTypes.values()].find((type) => type.name === name)!;
const decode = (name: string, bytes: Uint8Array): Float32Array => typeOf(name).decode!(bytes.slice());

const recorded = JSON.parse(
  readFileSync(new URL('../../testing/recorded-gguf-blocks.json', import.meta.url), 'utf8'),
) as { blocks: Record<string, { bytes: string; values: string }> };
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

it('covers every type that is read', () => {
  expect(readTypes.filter((name) => !/^[IF]\d+$/.test(name)).sort()).toEqual(Object.keys(recorded.blocks).sort());
  for (const name of blockFormatNames) expect(typeOf(name)).toMatchObject({ name, ...sizes(name) });
});

describe.each(Object.keys(recorded.blocks))('%s', (name) => {
  it("gives, bit for bit, what llama.cpp's own Python reader gives", () => {
    const { bytes, values } = recorded.blocks[name]!;
    expect([...decode(name, fromBase64(bytes))]).toEqual([...new Float32Array(fromBase64(values).slice().buffer)]);
  });
});

describe.each(Object.keys(blockForms))('%s', (name) => {
  const { values, bytes } = blockFormat(name);

  it('is read as the published formula says, whatever the bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (block) => {
        const read = decode(name, block);
        const bits = bitsOf(block);
        for (let i = 0; i < values; i++) {
          const wanted = blockForms[name]!(bits, i);
          // Halves may be infinite or no number; the difference of two infinities is none in both.
          if (!Number.isFinite(wanted)) expect(Number.isFinite(read[i]!)).toBe(false);
          else
            expect(Math.abs(read[i]! - wanted)).toBeLessThanOrEqual(1e-6 * Math.max(1e-30, largestTerm(name, bits, i)));
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it('comes back from a writer within half a step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        (seed, size) => {
          const x = numbers(seed, values, size);
          const read = decode(name, encodeBlocks(name, x));
          const largest = Math.max(...x.map(Math.abs));
          for (let i = 0; i < values; i++)
            expect(Math.abs(read[i]! - x[i]!), `number ${i} of ${name}`).toBeLessThanOrEqual(steps[name]! * largest);
        },
      ),
      { numRuns: 60, seed: 12 },
    );
  });

  it('keeps zeros and the numbers that it can hold', () => {
    expect([...decode(name, encodeBlocks(name, new Float32Array(values)))].every((value) => value === 0)).toBe(true);
    const once = decode(name, encodeBlocks(name, numbers(5, values, 1)));
    const twice = decode(name, encodeBlocks(name, once));
    const moved = Math.max(...once.map((value, i) => Math.abs(value - twice[i]!)));
    expect(moved).toBeLessThanOrEqual(steps[name]! * 1.01);
  });
});

/** Largest error of a number, in parts of the largest number of its block: half a step, and the rounding of scales. */
const steps: Readonly<Record<string, number>> = {
  Q4_0: 1 / 8 + 0.001,
  Q4_1: 2 / 15 / 2 + 0.002,
  Q5_0: 1 / 16 + 0.001,
  Q5_1: 2 / 31 / 2 + 0.002,
  Q8_0: 0.5 / 127 + 0.001,
  Q2_K: 2 / 3 / 2 + 2 / 15,
  Q3_K: 1 / 4 + 0.02,
  Q4_K: 2 / 15 / 2 + 0.03,
  Q5_K: 2 / 31 / 2 + 0.03,
  Q6_K: 1 / 32 + 0.01,
};

function sizes(name: string): { values: number; bytes: number } {
  const { values, bytes } = blockFormat(name);
  return { values, bytes };
}

/** The larger of the two terms of a formula: what float32 rounds relative to. */
function largestTerm(name: string, bits: ReturnType<typeof bitsOf>, i: number): number {
  const whole = Math.abs(blockForms[name]!(bits, i));
  const halves = { Q4_1: [0, 16], Q5_1: [0, 16], Q2_K: [640, 656], Q4_K: [0, 16], Q5_K: [0, 16] }[name];
  if (halves === undefined) return whole;
  const exponent = (from: number): number => 2 ** (bits.take(from + 10, 5) - 14);
  return whole + 2048 * (exponent(halves[0]!) + exponent(halves[1]!));
}

function numbers(seed: number, count: number, size: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647 - 0.5) * 2 * size;
  });
}
