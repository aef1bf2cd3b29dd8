import type { Parameters, Weight } from '../../engine/operations.ts';
import { type ConfigReader, rotaryTable, shown } from './config.ts';

/** Rotary positions (Su et al. 2021) of a model: which dimensions of a head turn, and how fast. */
export interface RotaryConfig {
  /** Pair i turns by base^(-2i / rotated) a position. */
  readonly rotaryBase: number;
  /** How many leading dimensions of a head are turned. Default: all of them. */
  readonly rotated?: number;
  /** How the angles are stretched for texts longer than those of the first training. Absent: not at all. */
  readonly rotaryScaling?: RotaryScaling;
}

/** How the angles are changed for a longer context than the first training had. */
export type RotaryScaling =
  /** All angles are divided (Chen et al. 2023). */
  | { readonly type: 'linear'; readonly factor: number }
  /** Llama 3.1: slow pairs are divided, fast ones are kept, those between are blended by wavelength. */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      /** Positions of the first training. */
      readonly original: number;
    }
  /** YaRN (Peng et al. 2023): as llama3, blended by the pair's index; keys and queries are also made longer. */
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly magnitude: number;
      /** Turns within the first training's length from which on a pair is kept, and up to which it is divided. */
      readonly fastTurns: number;
      readonly slowTurns: number;
      readonly original: number;
      /** The blend's ends are whole pairs. */
      readonly truncate: boolean;
    }
  /** LongRoPE (Ding et al. 2024): each pair has a divisor of its own, and another one in a context beyond `original`. */
  | {
      readonly type: 'longrope';
      readonly original: number;
      readonly short: LongRopeFactors;
      readonly long: LongRopeFactors;
    };

/** What LongRoPE divides the angles by, and multiplies cosines and sines by. */
export interface LongRopeFactors {
  readonly divisors: readonly number[];
  readonly magnitude: number;
}

/** What a family uses where its configuration is silent, and which keys and types it has. */
export interface RotaryReading {
  readonly headDim: number;
  /** Positions that the configuration names. */
  readonly contextLength: number;
  /** Base of a configuration that names none. Default 10000. */
  readonly base?: number;
  /** Share of a head's dimensions that is turned where the configuration says nothing. Absent: the family turns all. */
  readonly share?: number;
  /** The older keys of the base and the share, beside `rope_theta` and `partial_rotary_factor`. */
  readonly baseKey?: string;
  readonly shareKey?: string;
  /** Positions of the first training where the configuration names none. Default contextLength. */
  readonly original?: number;
  /** The types that the family has. Default: all that are supported. */
  readonly types?: readonly RotaryType[];
}

const rotaryTypes = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'] as const;
/** A type of rotary scaling that is supported. */
export type RotaryType = (typeof rotaryTypes)[number];

/** What each type reads, besides the type, base and share. */
const keysOfType: Readonly<Record<RotaryType, readonly string[]>> = {
  default: [],
  linear: ['factor'],
  dynamic: ['factor', 'original_max_position_embeddings'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
  yarn: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'beta_fast',
    'beta_slow',
    'mscale',
    'mscale_all_dim',
    'truncate',
    // Says how the model was trained; the angles do not depend on it.
    'finetuned',
  ],
  longrope: [
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'short_factor',
    'long_factor',
    'short_mscale',
    'long_mscale',
  ],
};

/**
 * Rotary positions as a config.json describes them: `rope_theta` with `rope_scaling`, or `rope_parameters`, which holds both.
 *
 * Two types change the angles of every position, also those in the cache, once a text grows beyond a length. 'dynamic' does so
 * beyond `max_position_embeddings`, where the context ends here. 'longrope' does so beyond `original_max_position_embeddings`: here
 * the context decides, as in llama.cpp (`n_ctx_seq`) and vLLM (`max_model_len`). A model whose context is longer has the long factors
 * for texts of every length; one that is loaded with a context up to that length has the short ones. transformers 5.18 chooses in each
 * forward pass by the largest position, and `generate` of Phi-3 discards the cache when a text crosses the length. Here this would
 * break laws: a cached key would depend on how long its text becomes, so that rows could not share a prefix, and a rewind would need
 * another cache.
 *
 * With 'yarn' the context is `factor` times `original_max_position_embeddings`, where the configuration names both and that is longer
 * than `max_position_embeddings`.
 *
 * @throws LoadError for an unknown type, an unknown key, and values that contradict each other.
 */
export function readRotary(
  config: ConfigReader,
  reading: RotaryReading,
): RotaryConfig & { readonly contextLength: number } {
  return readRotaryObject(config, rotaryObject(config), reading);
}

/** The object that holds the rotary options, under either of its names. */
export function rotaryObject(config: ConfigReader): ConfigReader | undefined {
  const [older, newer] = [config.object('rope_scaling'), config.object('rope_parameters')];
  if (older !== undefined && newer !== undefined) {
    const text = (key: string): string => JSON.stringify(config.value(key));
    if (text('rope_scaling') !== text('rope_parameters'))
      config.fail('rope_scaling', 'differs from rope_parameters; give one of them');
  }
  return older ?? newer;
}

/** @param object where the options are, which gemma3 has twice; undefined: nowhere but in `config` itself. */
export function readRotaryObject(
  config: ConfigReader,
  object: ConfigReader | undefined,
  reading: RotaryReading,
): RotaryConfig & { readonly contextLength: number } {
  const { headDim, contextLength, base = 10000, share, baseKey, shareKey, types = rotaryTypes } = reading;
  const type = typeOf(object, types);
  for (const key of object?.keys() ?? [])
    if (!['rope_type', 'type', 'rope_theta', 'partial_rotary_factor', ...keysOfType[type]].includes(key))
      object?.fail(key, `the rotary type "${type}" has no such option`);
  const rotaryBase = agreed(config, object, ['rope_theta', baseKey]) ?? base;
  if (rotaryBase <= 1) config.fail('rope_theta', `must be above 1, but is ${rotaryBase}`);
  const turned = agreed(config, object, ['partial_rotary_factor', shareKey]) ?? share ?? 1;
  if (share === undefined && turned !== 1)
    config.fail('partial_rotary_factor', `${turned} is not supported; supported: 1`);
  const rotated = Math.trunc(headDim * turned);
  if (rotated < 2 || rotated > headDim || rotated % 2 !== 0)
    config.fail(
      turned === 1 ? 'head_dim' : (shareKey ?? 'partial_rotary_factor'),
      `an even number of each head's ${headDim} dimensions must be turned, but ${rotated} would be`,
    );
  const rotary = { rotaryBase, ...(rotated === headDim ? {} : { rotated }), contextLength };
  if (object === undefined || type === 'default') return rotary;

  const trained = agreed(config, object, ['original_max_position_embeddings']);
  const original = trained ?? reading.original ?? contextLength;
  if (!Number.isInteger(original) || original < 2)
    object.fail('original_max_position_embeddings', `must be an integer above 1, but is ${original}`);
  switch (type) {
    case 'linear':
      return { ...rotary, rotaryScaling: { type, factor: positive(object, 'factor') } };
    case 'dynamic':
      positive(object, 'factor');
      if (original !== contextLength)
        object.fail(
          'original_max_position_embeddings',
          `must be max_position_embeddings (${contextLength}) for the type "dynamic", but is ${original}`,
        );
      return rotary;
    case 'llama3': {
      const [lowFactor, highFactor] = [positive(object, 'low_freq_factor'), positive(object, 'high_freq_factor')];
      if (highFactor <= lowFactor)
        object.fail('high_freq_factor', `must be above low_freq_factor (${lowFactor}), but is ${highFactor}`);
      return {
        ...rotary,
        rotaryScaling: { type, factor: positive(object, 'factor'), lowFactor, highFactor, original },
      };
    }
    case 'yarn': {
      const factor = positive(object, 'factor', trained === undefined ? undefined : contextLength / original);
      const magnitude = positive(object, 'attention_factor', yarnMagnitude(object, factor));
      const [fastTurns, slowTurns] = [positive(object, 'beta_fast', 32), positive(object, 'beta_slow', 1)];
      const truncate = object.flag('truncate', true);
      // Published configurations add the scaling and leave `max_position_embeddings` as it was in training.
      const lengthened = trained === undefined ? contextLength : Math.max(contextLength, Math.floor(factor * original));
      return {
        ...rotary,
        contextLength: lengthened,
        rotaryScaling: { type, factor, magnitude, fastTurns, slowTurns, original, truncate },
      };
    }
    case 'longrope': {
      const ratio = contextLength / original;
      const factor = positive(object, 'factor', ratio);
      if (trained !== undefined && Math.abs(factor - ratio) > 1e-6 * ratio)
        object.fail('factor', `must be ${ratio}, by which the context was lengthened, but is ${factor}`);
      const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
      const magnitude = positive(object, 'attention_factor', inferred);
      const factorsOf = (length: 'short' | 'long'): LongRopeFactors => ({
        divisors: divisorsOf(object, `${length}_factor`, rotated / 2),
        magnitude: positive(object, `${length}_mscale`, magnitude),
      });
      return {
        ...rotary,
        rotaryScaling: { type, original, short: factorsOf('short'), long: factorsOf('long') },
      };
    }
  }
}

/** Ask for the angles of all positions of the context that the model is loaded with. */
export function requestRotary(p: Parameters<Weight>, headDim: number, positions: number, rotary: RotaryConfig): Weight {
  return p.table(
    (first, count, context) =>
      rotaryTable(count, rotaryFrequencies(headDim, rotary, context), magnitudeOf(rotary, context), first),
    positions,
    rotary.rotated ?? headDim,
  );
}

/**
 * By how much each pair of dimensions turns from a position to the next.
 *
 * @param context Positions that the model is loaded with, by which LongRoPE chooses its factors. Default: the longest.
 */
export function rotaryFrequencies(
  headDim: number,
  rotary: RotaryConfig,
  context: number = Infinity,
): readonly number[] {
  const { rotaryBase, rotated = headDim, rotaryScaling: scaling } = rotary;
  const plain = Array.from({ length: rotated / 2 }, (_, i) => rotaryBase ** ((-2 * i) / rotated));
  switch (scaling?.type) {
    case undefined:
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'llama3': {
      const { factor, lowFactor, highFactor, original } = scaling;
      return plain.map((frequency) => {
        const turns = (original * frequency) / (2 * Math.PI);
        const kept = Math.min(1, Math.max(0, (turns - lowFactor) / (highFactor - lowFactor)));
        return blended(frequency, factor, kept);
      });
    }
    case 'yarn': {
      const { factor, fastTurns, slowTurns, original, truncate } = scaling;
      // The pair, as a real number, that turns so often within the first training's length.
      const pairOf = (turns: number): number =>
        (rotated * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(rotaryBase));
      const first = Math.max(0, truncate ? Math.floor(pairOf(fastTurns)) : pairOf(fastTurns));
      const last = Math.min(rotated - 1, truncate ? Math.ceil(pairOf(slowTurns)) : pairOf(slowTurns));
      const width = first === last ? 0.001 : last - first;
      return plain.map((frequency, i) => blended(frequency, factor, 1 - Math.min(1, Math.max(0, (i - first) / width))));
    }
    case 'longrope':
      return plain.map((frequency, i) => frequency / longRopeFactors(scaling, context).divisors[i]!);
  }
}

/** What cosines and sines are multiplied by. */
function magnitudeOf({ rotaryScaling: scaling }: RotaryConfig, context: number): number {
  if (scaling?.type === 'longrope') return longRopeFactors(scaling, context).magnitude;
  return scaling?.type === 'yarn' ? scaling.magnitude : 1;
}

function longRopeFactors(
  { original, short, long }: Extract<RotaryScaling, { type: 'longrope' }>,
  context: number,
): LongRopeFactors {
  return context > original ? long : short;
}

/** @param kept share of the frequency that is not divided. */
function blended(frequency: number, factor: number, kept: number): number {
  return (frequency / factor) * (1 - kept) + frequency * kept;
}

function typeOf(object: ConfigReader | undefined, types: readonly RotaryType[]): RotaryType {
  const given = object?.value('rope_type') ?? object?.value('type') ?? 'default';
  // LongRoPE under its first name.
  const type = given === 'su' ? 'longrope' : given;
  if (types.includes(type as RotaryType)) return type as RotaryType;
  return object!.fail(
    object!.value('rope_type') === undefined ? 'type' : 'rope_type',
    `the rotary type ${shown(given)} is not supported; supported: ${types.join(', ')}`,
  );
}

/** A number that both objects may have, under several keys. Those that are given must agree. */
function agreed(
  config: ConfigReader,
  object: ConfigReader | undefined,
  keys: readonly (string | undefined)[],
): number | undefined {
  let found: number | undefined;
  for (const reader of [object, config])
    for (const key of keys) {
      if (reader === undefined || key === undefined || reader.value(key) === undefined) continue;
      const value = reader.number(key);
      if (found !== undefined && found !== value) reader.fail(key, `is ${value}, but elsewhere it is ${found}`);
      found = value;
    }
  return found;
}

function positive(config: ConfigReader, key: string, fallback?: number): number {
  const value = config.number(key, fallback);
  if (value <= 0) config.fail(key, `must be above 0, but is ${value}`);
  return value;
}

function yarnMagnitude(object: ConfigReader, factor: number): number {
  const magnitude = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const [weight, weightOfAll] = [object.number('mscale', 0), object.number('mscale_all_dim', 0)];
  return weight !== 0 && weightOfAll !== 0 ? magnitude(weight) / magnitude(weightOfAll) : magnitude(1);
}

function divisorsOf(object: ConfigReader, key: string, count: number): readonly number[] {
  const given = object.value(key);
  if (!Array.isArray(given) || given.length !== count || !given.every((n) => Number.isFinite(n) && n > 0))
    object.fail(key, `must be ${count} positive numbers, but is ${shown(given)}`);
  return given as number[];
}
