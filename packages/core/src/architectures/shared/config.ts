import type { Activation } from '../../engine/operations.ts';
import { LoadError, ParameterError } from '../../errors.ts';
import { describeValue, shorten } from '../../wording/describe-value.ts';

/** Typed access to a config.json. A value that is wrong, or that would change the numbers unseen, is an error. */
export interface ConfigReader {
  /** A positive integer below 2^31; `fallback` is what the original code assumes when the key is absent or null. */
  integer(key: string, fallback?: number): number;
  /** As `integer`, at most 65,536: each layer is asked for by its name. */
  layers(key: string, fallback?: number): number;
  /** A positive integer that divides `of`. */
  divisor(key: string, of: number, fallback?: number): number;
  number(key: string, fallback?: number): number;
  flag(key: string, fallback: boolean): boolean;
  /** One of the activations that the operations know, by any of its Hugging Face names. */
  activation(key: string, fallback?: string): Activation;
  /** The raw value; undefined when absent or null. */
  value(key: string): unknown;
  /** True when the file says null, which switches some options off where an absent key means a default. */
  isNull(key: string): boolean;
  /** The object under a key, read alike; undefined when absent or null. */
  object(key: string): ConfigReader | undefined;
  /** Keys whose values are not null. */
  keys(): readonly string[];
  /** Refuse every value but these; an absent key is accepted. With no values, the key itself is refused. */
  mustBe(key: string, ...allowed: readonly unknown[]): void;
  fail(key: string, problem: string): never;
}

/** No size of a model is larger, and lengths of arrays stay within it. */
const largestInteger = 2 ** 31 - 1;
const mostLayers = 65_536;

const activations: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

/**
 * Read the config.json of a model family, named `owner` in errors.
 *
 * @throws LoadError for a model whose weights are quantized: their tensors hold other numbers than the family's.
 */
export function readConfig(owner: string, json: Readonly<Record<string, unknown>>): ConfigReader {
  const config = readObject(owner, json, '');
  if (config.value('quantization_config') !== undefined)
    config.fail('quantization_config', 'weights that are stored quantized in this way are not supported');
  return config;
}

function readObject(owner: string, json: Readonly<Record<string, unknown>>, path: string): ConfigReader {
  const fail = (key: string, problem: string): never => {
    throw new LoadError('config.json', `${problem} (${owner})`, `${path}${key}`);
  };
  const value = (key: string): unknown => json[key] ?? undefined;
  const required = (key: string, fallback: unknown): unknown =>
    value(key) ?? fallback ?? fail(key, 'the value is missing');
  const integer = (key: string, fallback?: number, most = largestInteger): number => {
    const given = required(key, fallback);
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 1)
      fail(key, `must be a positive integer, but is ${shown(given)}`);
    if ((given as number) > most) fail(key, `must be at most ${most}, but is ${given}`);
    return given as number;
  };
  return {
    integer: (key, fallback) => integer(key, fallback),
    layers: (key, fallback) => integer(key, fallback, mostLayers),
    divisor(key, of, fallback) {
      const given = integer(key, fallback);
      if (of % given !== 0) fail(key, `must divide ${of}, but is ${given}`);
      return given;
    },
    number(key, fallback) {
      const given = required(key, fallback);
      if (typeof given !== 'number' || !Number.isFinite(given)) fail(key, `must be a number, but is ${shown(given)}`);
      return given as number;
    },
    flag(key, fallback) {
      const given = value(key) ?? fallback;
      if (typeof given !== 'boolean') fail(key, `must be true or false, but is ${shown(given)}`);
      return given as boolean;
    },
    activation(key, fallback) {
      const given = required(key, fallback);
      const known = typeof given === 'string' && Object.hasOwn(activations, given) ? activations[given] : undefined;
      return known ?? fail(key, `must be one of ${Object.keys(activations).join(', ')}, but is ${shown(given)}`);
    },
    value,
    isNull: (key) => json[key] === null,
    object(key) {
      const given = value(key);
      if (given === undefined) return undefined;
      if (typeof given !== 'object' || Array.isArray(given)) fail(key, `must be an object, but is ${shown(given)}`);
      return readObject(owner, given as Readonly<Record<string, unknown>>, `${path}${key}.`);
    },
    keys: () => Object.keys(json).filter((key) => value(key) !== undefined),
    mustBe(key, ...allowed) {
      const given = value(key);
      if (given !== undefined && !allowed.includes(given))
        fail(key, `${shown(given)} is not supported; supported: ${allowed.map(shown).join(', ') || 'none'}`);
    },
    fail,
  };
}

/** A value as text for messages, shortened. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(shorten(value)) : describeValue(value);
}

/** `head_dim`, or what the heads share the width in. */
export function readHeadDim(config: ConfigReader, width: number, heads: number): number {
  if (config.value('head_dim') === undefined) config.divisor('num_attention_heads', width, heads);
  return config.integer('head_dim', width / heads);
}

/** `num_key_value_heads`: `fallback` when the key is absent, and as many as there are heads when the file says null. */
export function readKvHeads(config: ConfigReader, heads: number, fallback: number = heads): number {
  return config.divisor('num_key_value_heads', heads, config.isNull('num_key_value_heads') ? heads : fallback);
}

/** The layers with a sliding window: those of `layer_types`, otherwise those of `sliding`. */
export function readSlidingLayers(
  config: ConfigReader,
  layers: number,
  sliding: (layer: number) => boolean,
): readonly boolean[] {
  const types = config.value('layer_types');
  if (types === undefined) return Array.from({ length: layers }, (_, layer) => sliding(layer));
  if (!Array.isArray(types) || types.length !== layers)
    config.fail('layer_types', `must list ${layers} layers, but is ${shown(types)}`);
  return (types as unknown[]).map((type) => {
    if (type !== 'full_attention' && type !== 'sliding_attention')
      config.fail('layer_types', `must be "full_attention" or "sliding_attention", but one is ${shown(type)}`);
    return type === 'sliding_attention';
  });
}

/**
 * Cosines, then sines, of position * frequency, each multiplied by `magnitude`: [positions, 2 * frequencies], the table of
 * `Operations.rotary`, from the position `first` on.
 */
export function rotaryTable(
  positions: number,
  frequencies: ArrayLike<number>,
  magnitude: number = 1,
  first: number = 0,
): Float32Array {
  if (positions < 1) throw new ParameterError('rotaryTable', 'positions', 'at least 1', positions);
  const half = frequencies.length;
  const table = new Float32Array(positions * 2 * half);
  for (let row = 0; row < positions; row++)
    for (let i = 0; i < half; i++) {
      // Angles in float32, as the original code computes them.
      const angle = Math.fround((first + row) * Math.fround(frequencies[i]!));
      table[row * 2 * half + i] = magnitude * Math.cos(angle);
      table[row * 2 * half + half + i] = magnitude * Math.sin(angle);
    }
  return table;
}
