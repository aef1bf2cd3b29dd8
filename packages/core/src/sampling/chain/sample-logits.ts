import { checkInteger } from '../../check/check.ts';
import { checkIds, checkList, checkTokens } from '../../check/lists.ts';
import { isArray, isInstance, readOptions } from '../../check/read-options.ts';
import type { DrawKey } from '../../draw/race.ts';
import { ParameterError, UnsupportedError } from '../../errors.ts';
import { checkSamplers } from '../check-samplers.ts';
import { probabilities } from '../distribution.ts';
import { History } from '../history.ts';
import { maxSequence, Random, type RandomPurpose } from '../random.ts';
import { RunState } from '../run-state.ts';
import { hasHostForm, hasMaskForm, type Sampler } from '../sampler.ts';
import { HostRow } from './host-row.ts';
import type { RowContext } from './row-context.ts';
import { decisiveStages } from './stages.ts';

/** Options of {@link sampleLogits}. */
export interface SampleLogitsOptions {
  /**
   * The tokens before this one, for penalties and constraints. Default none. Stateful samplers such as mirostat need the `history` of the
   * previous result here.
   */
  readonly history?: History | ArrayLike<number>;
  /** 0 to 2^53 - 1. Default: a new one for each call. */
  readonly seed?: number;
  /**
   * Number of tokens before this one, which keys the random numbers together with the seed. Default the length of the history; give it
   * when you pass no history, or every call uses the same number.
   */
  readonly position?: number;
  /** Index among several sequences of one prompt, which also keys the random numbers. Default 0. */
  readonly sequence?: number;
  /** How many tokens of the history are the prompt. Default 0. */
  readonly promptLength?: number;
  /** Ids that end the sequence, for samplers that treat them differently. Default none. */
  readonly eosTokenIds?: readonly number[];
  /** Maximum length of the sequence in tokens, prompt included. Default Infinity. */
  readonly maxLength?: number;
  /** The source ids of an encoder-decoder model. Default none. */
  readonly source?: ArrayLike<number>;
  /** What stateful samplers remember: one object for all calls of a sequence. Required with a stateful sampler. */
  readonly state?: RunState;
  /** Whether to return all probabilities. Default false. */
  readonly probabilities?: boolean;
}

/** What {@link sampleLogits} returns. */
export interface SampledLogits {
  /** The sampled token. */
  readonly id: number;
  /** The history with `id` appended: pass it to the next call. */
  readonly history: History;
  /** softmax of the logits after the chain, [V], float64. Present with `probabilities: true`. */
  readonly probabilities?: Float64Array;
}

/**
 * Send one row of logits from anywhere through a chain and sample a token. With the same seed and position, this is the token that
 * `generate` samples. Runs on the host, synchronously.
 *
 * @param logits next-token logits, [V]; not changed. -Infinity rules a token out.
 * @throws EmptyDistributionError, InvalidLogitsError naming the stage, when nothing can be sampled; UnsupportedError for a sampler
 * that has a device form only; ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const samplers = [repetitionPenalty({ penalty: 1.1 }), temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
 * const ids = [...prompt];
 * while (ids.length < 100) ids.push(sampleLogits(await myLogits(ids), samplers, { history: ids, seed: 7 }).id);
 * ```
 */
export function sampleLogits(
  logits: Float32Array | Float64Array | readonly number[],
  samplers: readonly Sampler[] = [],
  options: SampleLogitsOptions = {},
): SampledLogits {
  const values = checkedLogits(logits);
  const chain = checkSamplers(owner, 'samplers', samplers);
  const given = readOptions(owner, options, Object.keys(optionNames));
  const context = contextOf(given, chain, values.length);
  const row = new HostRow(values.slice(), context);
  const stages = decisiveStages(chain);
  for (const { sampler, index } of stages) row.apply(sampler, index);
  if (!row.sampleable) refuse(values, context, stages);
  const { history, random, sequence } = context;
  const selects = chain.at(-1)?.traits?.selectsArgMax === true;
  const id = row.sample(selects ? undefined : random.key(sequence, history.length, 'draw'));
  return {
    id,
    history: row.extend(id),
    ...(given.probabilities === true ? { probabilities: probabilities(row.logits, row.candidates) } : {}),
  };
}

const owner = 'sampleLogits';

const optionNames: Record<keyof SampleLogitsOptions, true> = {
  history: true,
  seed: true,
  position: true,
  sequence: true,
  promptLength: true,
  eosTokenIds: true,
  maxLength: true,
  source: true,
  state: true,
  probabilities: true,
};

function isFloats(value: unknown): value is Float32Array | Float64Array {
  return (isInstance(value, Float32Array) || isInstance(value, Float64Array)) && value.length > 0;
}

function checkedLogits(logits: Float32Array | Float64Array | readonly number[]): Float32Array {
  if (isFloats(logits)) return Float32Array.from(logits);
  const allowed = 'a Float32Array or an array of numbers, one per token';
  if (!isArray(logits)) throw new ParameterError(owner, 'logits', allowed, logits);
  const item = (logit: unknown, id: number): number => {
    if (typeof logit !== 'number') throw new ParameterError(owner, `logits[${id}]`, 'a number', logit);
    return logit;
  };
  return Float32Array.from(checkList(owner, 'logits', logits, allowed, { least: 1, item }));
}

function contextOf(options: SampleLogitsOptions, samplers: readonly Sampler[], vocabSize: number): RowContext {
  const { promptLength = 0, sequence = 0, maxLength = Infinity, state } = options;
  const history = historyOf(options.history === undefined ? [] : options.history, vocabSize);
  for (const sampler of samplers) {
    if (!hasHostForm(sampler) && !hasMaskForm(sampler))
      throw new UnsupportedError(`the device-only sampler '${sampler.name}'`, owner);
    if (sampler.traits?.stateful !== true) continue;
    if (state === undefined)
      throw new ParameterError(owner, 'state', `a RunState, the same for each token, for '${sampler.name}'`, state);
    if (options.history !== history)
      throw new ParameterError(owner, 'history', `a History, for '${sampler.name}'`, options.history);
  }
  if (state !== undefined && !isInstance(state, RunState))
    throw new ParameterError(owner, 'state', 'a RunState', state);
  if (options.probabilities !== undefined && typeof options.probabilities !== 'boolean')
    throw new ParameterError(owner, 'probabilities', 'true or false', options.probabilities);
  const eosTokenIds = checkIds(
    owner,
    'eosTokenIds',
    options.eosTokenIds === undefined ? [] : options.eosTokenIds,
    vocabSize,
  );
  if (maxLength !== Infinity) checkInteger(owner, 'maxLength', maxLength, 1);
  return {
    history,
    sequence: checkInteger(owner, 'sequence', sequence, 0, maxSequence),
    promptLength: checkInteger(owner, 'promptLength', promptLength, 0, history.length),
    vocabSize,
    eosTokenIds,
    maxLength,
    random: randomOf(options),
    state: state ?? new RunState(),
    ...(options.source === undefined ? {} : { source: checkTokens(owner, 'source', options.source) }),
  };
}

function historyOf(given: History | ArrayLike<number>, vocabSize: number): History {
  if (isInstance(given, History)) return given;
  return History.of(checkIds(owner, 'history', given, vocabSize));
}

function randomOf({ seed = Random.anySeed(), position }: SampleLogitsOptions): Random {
  checkInteger(owner, 'seed', seed, 0, Number.MAX_SAFE_INTEGER);
  if (position === undefined) return new Random(seed);
  return new RandomAt(seed, checkInteger(owner, 'position', position, 0, Number.MAX_SAFE_INTEGER));
}

/** The random numbers of one position, whatever the length of the history. */
class RandomAt extends Random {
  readonly #position: number;

  constructor(seed: number, position: number) {
    super(seed);
    this.#position = position;
  }

  override uniform(sequence: number, _position: number, purpose: RandomPurpose, index = 0): number {
    return super.uniform(sequence, this.#position, purpose, index);
  }

  override key(sequence: number, _position: number, purpose: RandomPurpose): DrawKey {
    return super.key(sequence, this.#position, purpose);
  }
}

/** Run the chain again, one stage at a time, to name the stage that left nothing to sample. */
function refuse(values: Float32Array, context: RowContext, stages: ReturnType<typeof decisiveStages>): never {
  const row = new HostRow(values.slice(), context);
  if (!row.sampleable) row.refuse('model');
  for (const { sampler, index } of stages) {
    row.apply(sampler, index);
    if (!row.sampleable) row.refuse(sampler.name);
  }
  return row.refuse(stages.at(-1)!.sampler.name);
}
