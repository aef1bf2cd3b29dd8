import { checkFunction, checkInteger } from '../check/check.ts';
import { checkIds } from '../check/lists.ts';
import { readOptions } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import { commonPrefix } from '../model/advance.ts';
import { checkDefaults } from '../model/check-model.ts';
import type { LanguageModel, ModelDefaults } from '../model/language-model.ts';
import { copyLogits } from './copy-logits.ts';
import { HostModel, type HostModelDescription } from './host-model-base.ts';

/** Logits of one position, as a plain list: [vocabSize]. -Infinity rules a token out. */
export type LogitList = Float32Array | Float64Array | readonly number[];

/** What all host models take. */
export interface HostModelBaseOptions {
  /** For messages and reports. Default `'host-model'`. */
  readonly name?: string;
  /** Largest number of tokens of one row. */
  readonly contextLength: number;
  /** Ids that end a sequence, short for `defaults.eosTokenIds`. Default none. */
  readonly eosTokenIds?: readonly number[];
  /** Defaults of `generate` for this model. Default none. */
  readonly defaults?: ModelDefaults;
  /**
   * Names the model in serialized caches and decoding states. Default: a new name for each model object, so that only this object
   * restores them. Give one to restore them elsewhere.
   */
  readonly fingerprint?: string;
}

/** A model from a function of all tokens. */
export interface LogitsFunctionOptions extends HostModelBaseOptions {
  /** Number of tokens in the vocabulary. */
  readonly vocabSize: number;
  /**
   * The next-token logits after `ids`: [vocabSize]. `ids` has at least one token and belongs to the function. What is returned is
   * copied at once.
   */
  logits(ids: Int32Array): LogitList | Promise<LogitList>;
  readonly step?: never;
}

/** A model from a function of a state and one token: a recurrent network, for example. */
export interface StepFunctionOptions<State> extends HostModelBaseOptions {
  /** Number of tokens in the vocabulary. */
  readonly vocabSize: number;
  /**
   * Read one token: the state after it, and the next-token logits, [vocabSize].
   *
   * @param state after the tokens before; undefined for the first. Rewinds and forks return to earlier states, so it must not be
   * changed: return a new one. One state is kept per token of each row.
   */
  step(state: State | undefined, id: number): StepResult<State> | Promise<StepResult<State>>;
  readonly logits?: never;
}

/** What `step` of {@link StepFunctionOptions} returns. */
export interface StepResult<State> {
  readonly state: State;
  readonly logits: LogitList;
}

/** Either `logits` or `step`. */
export type HostModelOptions<State = unknown> = LogitsFunctionOptions | StepFunctionOptions<State>;

/**
 * A complete language model from a plain function: every sampler, strategy, cache operation and decoding state applies to it.
 * The function is called when logits are read, for one position of one row at a time, and may be asynchronous.
 *
 * What it throws passes through unchanged. Hidden states and early exits are an UnsupportedError.
 *
 * @throws ParameterError, UnknownOptionError. Reading logits: ParameterError or ShapeError that name the function when its result
 * is not a list of `vocabSize` numbers.
 * @example
 * ```ts
 * // A bigram model: the counts of which token follows which.
 * const model = hostModel({
 *   vocabSize: 100,
 *   contextLength: 1024,
 *   logits: (ids) => counts[ids.at(-1)!]!.map((count) => Math.log(count)),
 * });
 * const { ids } = await generate(model, [1], { maxNewTokens: 20, seed: 7 });
 * ```
 */
export function hostModel<State = unknown>(given: HostModelOptions<State>): LanguageModel {
  const options = readOptions('hostModel', given, [...baseOptionNames, 'vocabSize', 'logits', 'step']);
  const { logits, step } = options;
  if ((logits === undefined) === (step === undefined))
    throw new ParameterError('hostModel', 'logits', 'a function, or else step', logits);
  for (const [name, work] of Object.entries({ logits, step }))
    if (work !== undefined) checkFunction('hostModel', name, work);
  const description = describeHostModel('hostModel', options, options.vocabSize);
  return options.step === undefined ? new LogitsModel(description, options) : new StepModel(description, options);
}

/** Names of {@link HostModelBaseOptions}. */
export const baseOptionNames: readonly string[] = [
  'name',
  'contextLength',
  'eosTokenIds',
  'defaults',
  'fingerprint',
] satisfies readonly (keyof HostModelBaseOptions)[];

/** Check the options that all host models have, and fill in the defaults. */
export function describeHostModel(
  owner: string,
  { name = 'host-model', contextLength, eosTokenIds: ids, fingerprint, ...options }: HostModelBaseOptions,
  vocabSize: number,
): HostModelDescription {
  // Token ids are 32-bit integers everywhere.
  checkInteger(owner, 'vocabSize', vocabSize, 1, 2 ** 31 - 1);
  checkInteger(owner, 'contextLength', contextLength, 1);
  const defaults = checkDefaults(owner, options.defaults === undefined ? {} : options.defaults, vocabSize);
  if (ids !== undefined && defaults.eosTokenIds !== undefined)
    throw new ParameterError(owner, 'eosTokenIds', 'given once, here or in defaults', ids);
  const eosTokenIds = ids === undefined ? undefined : checkIds(owner, 'eosTokenIds', ids, vocabSize);
  for (const [parameter, text] of Object.entries({ name, fingerprint }))
    if (text !== undefined && typeof text !== 'string') throw new ParameterError(owner, parameter, 'a string', text);
  return {
    name,
    vocabSize,
    contextLength,
    defaults: eosTokenIds === undefined ? defaults : { ...defaults, eosTokenIds },
    fingerprint: fingerprint ?? `${name} ${crypto.getRandomValues(new Uint32Array(4)).join('-')}`,
  };
}

class LogitsModel extends HostModel<never> {
  readonly #options: LogitsFunctionOptions;

  constructor(description: HostModelDescription, options: LogitsFunctionOptions) {
    super(description);
    this.#options = options;
  }

  protected async scoreRow(tokens: Int32Array, logits: Float32Array): Promise<undefined> {
    const first = tokens.length - logits.length / this.vocabSize + 1;
    for (let length = first, at = 0; length <= tokens.length; length++, at += this.vocabSize) {
      const result: unknown = await this.#options.logits(tokens.slice(0, length));
      copyLogits('hostModel', 'logits', result, logits.subarray(at, at + this.vocabSize));
    }
  }
}

/** The states after each of some tokens. */
interface States<State> {
  readonly tokens: Int32Array;
  readonly states: readonly State[];
}

class StepModel<State> extends HostModel<States<State>> {
  readonly #options: StepFunctionOptions<State>;

  constructor(description: HostModelDescription, options: StepFunctionOptions<State>) {
    super(description);
    this.#options = options;
  }

  protected async scoreRow(
    tokens: Int32Array,
    logits: Float32Array,
    known: States<State> | undefined,
  ): Promise<States<State>> {
    const first = tokens.length - logits.length / this.vocabSize;
    const kept = known === undefined ? 0 : Math.min(first, commonPrefix(tokens, known.tokens));
    const states = known?.states.slice(0, kept) ?? [];
    for (let i = kept; i < tokens.length; i++) {
      const result: unknown = await this.#options.step(states.at(-1), tokens[i]!);
      if (!isStepResult<State>(result))
        throw new ParameterError('hostModel', "the result of 'step'", 'an object with state and logits', result);
      states.push(result.state);
      const at = (i - first) * this.vocabSize;
      if (i >= first) copyLogits('hostModel', 'step', result.logits, logits.subarray(at, at + this.vocabSize));
    }
    return { tokens, states };
  }
}

function isStepResult<State>(value: unknown): value is StepResult<State> {
  return typeof value === 'object' && value !== null && 'state' in value && 'logits' in value;
}
