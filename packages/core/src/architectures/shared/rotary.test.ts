import { describe, expect, it } from 'vitest';
import { LoadError } from '../../errors.ts';
import { readConfig } from './config.ts';
import { type RotaryReading, readRotary, rotaryFrequencies } from './rotary.ts';

const reading: RotaryReading = { headDim: 8, contextLength: 4096 };
const read = (json: Readonly<Record<string, unknown>>, more: Partial<RotaryReading> = {}) =>
  readRotary(readConfig('a family', json), { ...reading, ...more });
const speeds = (json: Readonly<Record<string, unknown>>): readonly number[] => rotaryFrequencies(8, read(json));

/** The key that an error names. */
function refused(json: Readonly<Record<string, unknown>>, more: Partial<RotaryReading> = {}): string | undefined {
  try {
    read(json, more);
  } catch (error) {
    expect(error).toBeInstanceOf(LoadError);
    return (error as LoadError).field;
  }
  return undefined;
}

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 1024,
};

describe('both spellings', () => {
  it('give the same', () => {
    const older = { rope_theta: 500, rope_scaling: llama3 };
    expect(read({ rope_parameters: { rope_theta: 500, ...llama3 } })).toEqual(read(older));
    expect(read({ rope_theta: 500, rope_parameters: llama3 })).toEqual(read(older));
    expect(read({ rope_theta: 500, rope_scaling: llama3, rope_parameters: llama3 })).toEqual(read(older));
    expect(read({ rope_theta: 500, rope_scaling: { ...llama3, rope_type: null, type: 'llama3' } })).toEqual(
      read(older),
    );
  });

  it('may say nothing', () => {
    const plain = { rotaryBase: 10000, contextLength: 4096 };
    expect(read({})).toEqual(plain);
    expect(read({ rope_scaling: null, rope_parameters: null })).toEqual(plain);
    expect(read({ rope_parameters: { rope_type: 'default', rope_theta: 7 } })).toEqual({ ...plain, rotaryBase: 7 });
    expect(read({}, { base: 20 }).rotaryBase).toBe(20);
  });

  it('are refused when they disagree', () => {
    expect(refused({ rope_scaling: llama3, rope_parameters: { ...llama3, factor: 9 } })).toBe('rope_scaling');
    expect(refused({ rope_theta: 3, rope_parameters: { rope_theta: 4 } })).toBe('rope_theta');
    expect(refused({ rotary_pct: 0.5, partial_rotary_factor: 0.25 }, { share: 1, shareKey: 'rotary_pct' })).toBe(
      'rotary_pct',
    );
    expect(refused({ original_max_position_embeddings: 9, rope_scaling: llama3 })).toBe(
      'original_max_position_embeddings',
    );
  });
});

describe('frequencies', () => {
  it('are powers of the base', () => {
    expect(speeds({ rope_theta: 16 })).toEqual([1, 0.5, 0.25, 0.125]);
    expect(rotaryFrequencies(8, { rotaryBase: 16, rotated: 4 })).toEqual([1, 0.25]);
  });

  it('are divided by linear scaling', () => {
    expect(speeds({ rope_theta: 16, rope_scaling: { type: 'linear', factor: 4 } })).toEqual([
      0.25, 0.125, 0.0625, 0.03125,
    ]);
  });

  it('are those of Llama 3.1: fast ones kept, slow ones divided, blended between', () => {
    const [fast, medium, slow] = rotaryFrequencies(6, {
      rotaryBase: 1e6,
      rotaryScaling: { type: 'llama3', factor: 8, lowFactor: 1, highFactor: 4, original: 1257 },
    }) as [number, number, number];
    expect(fast).toBe(1);
    // 1257 positions are 2.0006 turns of the second pair: a third of the way from 1 to 4.
    const kept = ((1257 * 0.01) / (2 * Math.PI) - 1) / 3;
    expect(medium).toBeCloseTo(0.01 * kept + (0.01 / 8) * (1 - kept), 12);
    expect(slow).toBeCloseTo(1e-4 / 8, 12);
  });

  it('are blended by YaRN, whose magnitude grows with the factor', () => {
    const yarn = { type: 'yarn', factor: 4, original_max_position_embeddings: 1024 };
    const { rotaryScaling } = read({ rope_scaling: yarn });
    expect(rotaryScaling).toMatchObject({ magnitude: 0.1 * Math.log(4) + 1, fastTurns: 32, slowTurns: 1 });
    // The pairs of 32 and 1 turns are 0.7 and 2.2; whole pairs: 0 and 3.
    const values = speeds({ rope_scaling: yarn });
    for (const [i, plain] of [1, 0.1, 0.01, 0.001].entries()) {
      const divided = Math.min(1, i / 3);
      expect(values[i]).toBeCloseTo((plain / 4) * divided + plain * (1 - divided), 12);
    }
    expect(read({ rope_scaling: { ...yarn, attention_factor: 1.5 } }).rotaryScaling).toMatchObject({ magnitude: 1.5 });
    expect(read({ rope_scaling: { ...yarn, mscale: 1, mscale_all_dim: 1 } }).rotaryScaling).toMatchObject({
      magnitude: 1,
    });
  });

  it('of YaRN without a factor are lengthened as the context was', () => {
    const yarn = { type: 'yarn', original_max_position_embeddings: 1024 };
    expect(read({ rope_scaling: yarn }).rotaryScaling).toMatchObject({ factor: 4, original: 1024 });
    expect(refused({ rope_scaling: { type: 'yarn' } })).toBe('rope_scaling.factor');
  });

  it('of YaRN lengthen a context that the configuration gives as in training', () => {
    const yarn = { type: 'yarn', factor: 4 };
    const lengthOf = (original: object): number => read({ rope_scaling: { ...yarn, ...original } }).contextLength;
    expect(lengthOf({ original_max_position_embeddings: 4096 })).toBe(16384);
    expect(lengthOf({ original_max_position_embeddings: 1024 })).toBe(4096);
    expect(lengthOf({ original_max_position_embeddings: 512 })).toBe(4096);
    expect(lengthOf({})).toBe(4096);
  });
});

describe('a type whose angles change with the length', () => {
  it('ends the context where they would: dynamic', () => {
    const plain = read({});
    expect(read({ rope_scaling: { type: 'dynamic', factor: 2 } })).toEqual(plain);
    const other = { type: 'dynamic', factor: 2, original_max_position_embeddings: 1024 };
    expect(refused({ rope_scaling: other })).toBe('rope_scaling.original_max_position_embeddings');
  });

  it('goes by the context: longrope', () => {
    const longrope = { type: 'longrope', short_factor: [1, 1, 2, 2], long_factor: [4, 4, 4, 4] };
    const read1024 = read({ rope_scaling: longrope, original_max_position_embeddings: 1024 });
    expect(read1024).toEqual({
      rotaryBase: 10000,
      contextLength: 4096,
      rotaryScaling: {
        type: 'longrope',
        original: 1024,
        short: { divisors: [1, 1, 2, 2], magnitude: Math.sqrt(1.2) },
        long: { divisors: [4, 4, 4, 4], magnitude: Math.sqrt(1.2) },
      },
    });
    const plain = rotaryFrequencies(8, { rotaryBase: 10000 }, 1024);
    const dividedBy = (divisors: readonly number[]): number[] => plain.map((value, i) => value / divisors[i]!);
    expect(rotaryFrequencies(8, read1024, 1024)).toEqual(dividedBy([1, 1, 2, 2]));
    expect(rotaryFrequencies(8, read1024, 1025)).toEqual(dividedBy([4, 4, 4, 4]));
    const scales = { ...longrope, short_mscale: 1.2, long_mscale: 1.3 };
    expect(read({ rope_scaling: scales, original_max_position_embeddings: 1024 }).rotaryScaling).toMatchObject({
      short: { magnitude: 1.2 },
      long: { magnitude: 1.3 },
    });
    expect(read({ rope_scaling: { ...longrope, type: 'su' } }, { original: 1024 })).toEqual(read1024);
    expect(read({ rope_scaling: longrope })).toMatchObject({
      contextLength: 4096,
      rotaryScaling: { original: 4096, short: { magnitude: 1 } },
    });
    for (const short of [
      [1, 1],
      [1, 1, 2, Infinity],
      [1, 1, 2, Number.NaN],
      [1, 1, 2, '2'],
      [1, 1, 2, 0],
    ])
      expect(refused({ rope_scaling: { ...longrope, short_factor: short } })).toBe('rope_scaling.short_factor');
    expect(refused({ rope_scaling: { ...longrope, factor: 3 }, original_max_position_embeddings: 1024 })).toBe(
      'rope_scaling.factor',
    );
  });
});

describe('what would change the numbers unseen is refused', () => {
  it.each([
    ['an unknown type', { rope_scaling: { type: 'spiral', factor: 2 } }, 'rope_scaling.type'],
    ['an unknown type', { rope_parameters: { rope_type: 'proportional' } }, 'rope_parameters.rope_type'],
    ['an unknown option', { rope_scaling: { type: 'linear', factor: 2, alpha: 3 } }, 'rope_scaling.alpha'],
    ['an option of another type', { rope_scaling: { factor: 2 } }, 'rope_scaling.factor'],
    ['options by kind of layer', { rope_parameters: { full_attention: {} } }, 'rope_parameters.full_attention'],
    ['no factor', { rope_scaling: { type: 'linear' } }, 'rope_scaling.factor'],
    ['a factor of 0', { rope_scaling: { type: 'dynamic', factor: 0 } }, 'rope_scaling.factor'],
    ['a text for a factor', { rope_scaling: { type: 'linear', factor: '2' } }, 'rope_scaling.factor'],
    ['crossed ends', { rope_scaling: { ...llama3, low_freq_factor: 4 } }, 'rope_scaling.high_freq_factor'],
    ['a base of 1', { rope_theta: 1 }, 'rope_theta'],
    ['a part of each head', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
    ['a list', { rope_scaling: ['linear', 2] }, 'rope_scaling'],
  ])('%s: %j', (_, json, field) => {
    expect(refused(json)).toBe(field);
  });

  it('an odd number of dimensions', () => {
    expect(refused({}, { headDim: 7 })).toBe('head_dim');
    expect(refused({ partial_rotary_factor: 0.4 }, { share: 1 })).toBe('partial_rotary_factor');
    expect(refused({ partial_rotary_factor: 0.5 }, { share: 1 })).toBeUndefined();
  });

  it('a type that the family does not have, naming those that it has', () => {
    const scaled = { rope_scaling: { type: 'yarn', factor: 2 } };
    expect(() => read(scaled, { types: ['default', 'longrope'] })).toThrow(
      /the rotary type "yarn" is not supported; supported: default, longrope \(a family\)/,
    );
  });
});
