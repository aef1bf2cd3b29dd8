import { LoadError, ParameterError } from '../errors.ts';
import type { Activation } from '../operations.ts';

/** Typed access to a config.json. A value that is wrong, or that would change the numbers unseen, is an error. */
export interface ConfigReader {
  /** A positive integer; `fallback` is what the original code assumes when the key is absent or null. */
  integer(key: string, fallback?: number): number;
  /** A positive integer that divides `of`. */
  divisor(key: string, of: number, fallback?: number): number;
  number(key: string, fallback?: number): number;
  flag(key: string, fallback: boolean): boolean;
  /** One of the activations that the operations know, by any of its Hugging Face names. */
  activation(key: string, fallback?: string): Activation;
  /** The raw value; undefined when absent or null. */
  value(key: string): unknown;
  /** Refuse every value but these; an absent key is accepted. */
  mustBe(key: string, ...allowed: readonly unknown[]): void;
  fail(key: string, problem: string): never;
}

const activations: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

export function readConfig(owner: string, json: Readonly<Record<string, unknown>>): ConfigReader {
  const fail = (key: string, problem: string): never => {
    throw new LoadError('config.json', `${problem} (${owner})`, key);
  };
  const value = (key: string): unknown => json[key] ?? undefined;
  const required = (key: string, fallback: unknown): unknown =>
    value(key) ?? fallback ?? fail(key, 'the value is missing');
  const integer = (key: string, fallback?: number): number => {
    const given = required(key, fallback);
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 1)
      fail(key, `must be a positive integer, but is ${JSON.stringify(given)}`);
    return given as number;
  };
  return {
    integer,
    divisor(key, of, fallback) {
      const given = integer(key, fallback);
      if (of % given !== 0) fail(key, `must divide ${of}, but is ${given}`);
      return given;
    },
    number(key, fallback) {
      const given = required(key, fallback);
      if (typeof given !== 'number' || !Number.isFinite(given))
        fail(key, `must be a number, but is ${JSON.stringify(given)}`);
      return given as number;
    },
    flag(key, fallback) {
      const given = value(key) ?? fallback;
      if (typeof given !== 'boolean') fail(key, `must be true or false, but is ${JSON.stringify(given)}`);
      return given as boolean;
    },
    activation(key, fallback) {
      const given = required(key, fallback);
      const known = typeof given === 'string' ? activations[given] : undefined;
      return (
        known ?? fail(key, `must be one of ${Object.keys(activations).join(', ')}, but is ${JSON.stringify(given)}`)
      );
    },
    value,
    mustBe(key, ...allowed) {
      const given = value(key);
      if (given !== undefined && !allowed.includes(given))
        fail(
          key,
          `${JSON.stringify(given)} is not supported; supported: ${allowed.map((a) => JSON.stringify(a)).join(', ')}`,
        );
    },
    fail,
  };
}

/** Cosines, then sines, of position * frequency: [positions, 2 * frequencies], the table of `Operations.rotary`. */
export function rotaryTable(positions: number, frequencies: ArrayLike<number>): Float32Array {
  if (positions < 1) throw new ParameterError('rotaryTable', 'positions', 'at least 1', positions);
  const half = frequencies.length;
  const table = new Float32Array(positions * 2 * half);
  for (let position = 0; position < positions; position++)
    for (let i = 0; i < half; i++) {
      // Angles in float32, as the original code computes them.
      const angle = Math.fround(position * Math.fround(frequencies[i]!));
      table[position * 2 * half + i] = Math.cos(angle);
      table[position * 2 * half + half + i] = Math.sin(angle);
    }
  return table;
}
