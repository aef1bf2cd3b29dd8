import { checkInteger, checkNumber, checkOptionNames } from '../check/check.ts';
import type { CacheKind } from '../engine/engine.ts';
import { ParameterError, UnknownOptionError } from '../errors.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type { ModelDefaults } from '../model/language-model.ts';
import type { ChainWarning } from '../sampling/check-chain.ts';
import { Random } from '../sampling/random.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { StopCondition } from './stop.ts';
import type { Strategy } from './strategy.ts';

/** Options of `generate`, `generateText` and `generateBatch`. What is left out comes from the preset, then the model, then here. */
export interface GenerateOptions {
  /** The chain that every distribution passes through, in order. Default []: sample from the model as it is. */
  readonly samplers?: readonly Sampler[];
  /** Decides which tokens to feed and accept. Default `sampling()`. */
  readonly strategy?: Strategy;
  /** Integer from 0 to 2^53 - 1, or one a prompt. Default: any; the end event tells which. */
  readonly seed?: number | readonly number[];
  /** Sequences a prompt, for strategies that can return several. Default 1. */
  readonly numReturnSequences?: number;
  /** Most tokens after the prompt. Default 256. */
  readonly maxNewTokens?: number;
  /** Most tokens, prompt included. Default: none but the context's, which ends a sequence with reason 'context'. */
  readonly maxLength?: number;
  /** No end token before this many new tokens. Default 0. */
  readonly minNewTokens?: number;
  /** No end token before this many tokens, prompt included. Default 0. */
  readonly minLength?: number;
  /** The token after the start token of an encoder-decoder model; null forces none. Default: the model's, or null. */
  readonly forcedBosTokenId?: number | null;
  /** The last token that the length allows; null forces none. Default: the model's, or null. */
  readonly forcedEosTokenId?: number | null;
  /** Ids that end a sequence. Default: the model's. [] lets it run on. */
  readonly eosTokenIds?: readonly number[];
  /** Texts that end a sequence; they are not part of the text. Needs a tokenizer. Default []. */
  readonly stopStrings?: readonly string[];
  /** The application's own condition. */
  readonly stopWhen?: StopCondition;
  /** Most milliseconds for the whole call; what has come is returned. Default: no limit. */
  readonly maxTime?: number;
  /** Ends the call; what has come is returned. */
  readonly signal?: AbortSignal;
  /**
   * A cache to go on from and to leave filled, a kind of cache, or 'none': recompute everything at each step, to compare
   * and to teach. Default: a preallocated cache that lives as long as the call.
   */
  readonly cache?: KVCache | CacheKind | CacheKind['kind'] | 'none';
  /** Most tokens fed at once while prompts are read, but at least one a row. Default: what the model allows. */
  readonly prefillChunkSize?: number;
  /** When the context is full: end with reason 'context', or forget the older half and go on. Default 'stop'. */
  readonly onContextFull?: 'stop' | 'slide';
  /** Report log-probability and rank of each token, as the model gave them before any sampler. Default false. */
  readonly logprobs?: boolean;
  /** Also report this many of the best tokens. Default 0. */
  readonly topLogprobs?: number;
  /** Also report these tokens, whatever their rank. Default []. */
  readonly logprobsOf?: readonly number[];
  /** Report what each stage of the chain did, for each token: costs a second pass through the chain. Default false. */
  readonly explain?: boolean;
  /** Report each step of the strategy (hypotheses, drafts) as an event. Default false. */
  readonly steps?: boolean;
  /**
   * Called, before the first token, for each order in the chain that makes no sense (see `checkChain`); the call goes on.
   * Default: one line on the console, once for each sentence. `() => {}` is silent.
   */
  readonly onWarning?: (warning: ChainWarning) => void;
  /** Turns ids into text. `generateText` sets it. */
  readonly tokenizer?: Tokenizer;
  /** A named set of options, between the call's and the model's. */
  readonly preset?: { readonly name: string; readonly options: Partial<GenerateOptions> };
}

/** All options with their values. */
export type ResolvedOptions = Required<
  Omit<GenerateOptions, 'stopWhen' | 'signal' | 'onWarning' | 'tokenizer' | 'preset' | 'strategy'>
> &
  Pick<GenerateOptions, 'stopWhen' | 'signal' | 'onWarning' | 'tokenizer' | 'strategy'>;

/** Where a value came from, highest first. */
export type OptionSource = 'call' | 'preset' | 'generation_config.json' | 'library default';

/** The options that were in force, printable, each with its source. */
export type OptionReport = Readonly<Record<string, { readonly value: unknown; readonly source: OptionSource }>>;

const libraryDefaults = {
  samplers: [],
  numReturnSequences: 1,
  maxNewTokens: 256,
  maxLength: Infinity,
  minNewTokens: 0,
  minLength: 0,
  forcedBosTokenId: null,
  forcedEosTokenId: null,
  eosTokenIds: [],
  stopStrings: [],
  maxTime: Infinity,
  cache: 'static',
  prefillChunkSize: Infinity,
  onContextFull: 'stop',
  logprobs: false,
  topLogprobs: 0,
  logprobsOf: [],
  explain: false,
  steps: false,
} as const;

const optionNames = [
  ...Object.keys(libraryDefaults),
  'strategy',
  'seed',
  'stopWhen',
  'signal',
  'onWarning',
  'tokenizer',
  'preset',
] as readonly (keyof GenerateOptions)[];

/** Names of all options; for help texts and checks. */
export const generateOptionNames: readonly string[] = optionNames;

/** Fill in and check the options of a call. */
export function resolveOptions(
  owner: string,
  call: GenerateOptions,
  model: ModelDefaults,
): { readonly options: ResolvedOptions; readonly report: OptionReport } {
  checkOptionNames(owner, call, optionNames);
  const preset = presetOptions(owner, call);
  const layers: readonly (readonly [OptionSource, GenerateOptions])[] = [
    ['call', call],
    ['preset', preset],
    ['generation_config.json', checkpointOptions(model, call, preset)],
    ['library default', { ...libraryDefaults, seed: Random.anySeed() }],
  ];
  const values: Record<string, unknown> = {};
  const sources: [keyof GenerateOptions, OptionSource][] = [];
  for (const name of optionNames) {
    const layer = layers.find(([, options]) => options[name] !== undefined);
    if (layer === undefined || name === 'preset') continue;
    values[name] = layer[1][name];
    sources.push([name, layer[0]]);
  }
  const options = values as unknown as ResolvedOptions;
  check(owner, options);
  const report = Object.fromEntries(
    sources.map(([name, source]) => [name, { value: printable(name, values[name]), source }]),
  );
  return { options, report };
}

function presetOptions(owner: string, { preset }: GenerateOptions): Partial<GenerateOptions> {
  if (preset === undefined) return {};
  if (typeof preset?.name !== 'string' || typeof preset.options !== 'object' || preset.options === null)
    throw new ParameterError(owner, 'preset', 'an object with a name and options', preset);
  checkOptionNames(
    `preset ${preset.name}`,
    preset.options,
    optionNames.filter((name) => name !== 'preset'),
  );
  return preset.options;
}

/** A checkpoint's maxLength gives way to a maxNewTokens that was asked for, as it does in Hugging Face's generate. */
function checkpointOptions(
  model: ModelDefaults,
  call: GenerateOptions,
  preset: Partial<GenerateOptions>,
): GenerateOptions {
  const { decoderStartTokenIds: _, ...options } = model;
  if (call.maxNewTokens === undefined && preset.maxNewTokens === undefined) return options;
  const { maxLength: __, ...rest } = options;
  return rest;
}

function check(owner: string, options: ResolvedOptions): void {
  checkInteger(owner, 'maxNewTokens', options.maxNewTokens, 0);
  checkInteger(owner, 'minNewTokens', options.minNewTokens, 0);
  checkInteger(owner, 'minLength', options.minLength, 0);
  checkInteger(owner, 'numReturnSequences', options.numReturnSequences, 1);
  for (const name of ['forcedBosTokenId', 'forcedEosTokenId'] as const)
    if (options[name] !== null) checkInteger(owner, name, options[name], 0);
  checkInteger(owner, 'topLogprobs', options.topLogprobs, 0);
  if (options.maxLength !== Infinity) checkInteger(owner, 'maxLength', options.maxLength, 1);
  if (options.minNewTokens > options.maxNewTokens)
    throw new ParameterError(
      owner,
      'minNewTokens',
      `at most maxNewTokens, ${options.maxNewTokens},`,
      options.minNewTokens,
    );
  if (options.minLength > options.maxLength)
    throw new ParameterError(owner, 'minLength', `at most maxLength, ${options.maxLength},`, options.minLength);
  if (options.prefillChunkSize !== Infinity) checkInteger(owner, 'prefillChunkSize', options.prefillChunkSize, 1);
  if (options.maxTime !== Infinity)
    checkNumber(owner, 'maxTime', options.maxTime, 'milliseconds, 0 or more', (ms) => ms >= 0);
  for (const name of ['eosTokenIds', 'logprobsOf'] as const)
    for (const id of checkList(owner, name, 'a list of ids', options[name])) checkInteger(owner, name, id, 0);
  for (const seed of Array.isArray(options.seed) ? options.seed : [options.seed])
    checkInteger(owner, 'seed', seed, 0, Number.MAX_SAFE_INTEGER);
  for (const name of ['logprobs', 'explain', 'steps'] as const)
    if (typeof options[name] !== 'boolean') throw new ParameterError(owner, name, 'true or false', options[name]);
  for (const text of checkList(owner, 'stopStrings', 'a list of texts', options.stopStrings))
    if (typeof text !== 'string' || text === '')
      throw new ParameterError(owner, 'stopStrings', 'texts that are not empty', text);
  if (options.stopStrings.length > 0 && options.tokenizer === undefined)
    throw new ParameterError(owner, 'tokenizer', 'given when stopStrings are', undefined);
  if (!['stop', 'slide'].includes(options.onContextFull))
    throw new UnknownOptionError(`${owner}: onContextFull`, String(options.onContextFull), ['stop', 'slide']);
  if (typeof options.cache === 'string' && !Object.hasOwn(cacheNames, options.cache))
    throw new UnknownOptionError(`${owner}: cache`, options.cache, Object.keys(cacheNames));
  const { cache } = options;
  const isCache =
    typeof cache === 'object' && cache !== null && ('kind' in cache || typeof cache.gather === 'function');
  if (typeof cache !== 'string' && !isCache)
    throw new ParameterError(owner, 'cache', 'a cache or a kind of cache', options.cache);
  const { strategy, stopWhen, signal, tokenizer, onWarning } = options;
  if (onWarning !== undefined && typeof onWarning !== 'function')
    throw new ParameterError(owner, 'onWarning', 'a function', onWarning);
  if (strategy !== undefined && typeof strategy?.decode !== 'function')
    throw new ParameterError(owner, 'strategy', 'an object with a name and decode', strategy);
  if (stopWhen !== undefined && typeof stopWhen !== 'function')
    throw new ParameterError(owner, 'stopWhen', 'a function', stopWhen);
  if (signal !== undefined && typeof signal?.aborted !== 'boolean')
    throw new ParameterError(owner, 'signal', 'an AbortSignal', signal);
  if (tokenizer !== undefined && typeof tokenizer?.decode !== 'function')
    throw new ParameterError(owner, 'tokenizer', 'an object with encode and decode', tokenizer);
  for (const sampler of checkList(owner, 'samplers', 'a list of samplers', options.samplers))
    if (typeof sampler?.name !== 'string' || !('onHost' in sampler || 'onDevice' in sampler || 'mask' in sampler))
      throw new ParameterError(
        owner,
        'samplers',
        'samplers: objects with a name and onHost, onDevice or mask',
        sampler,
      );
}

function checkList<T>(owner: string, parameter: string, allowed: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw new ParameterError(owner, parameter, allowed, value);
  return value;
}

const cacheNames: Readonly<Record<CacheKind['kind'] | 'none', true>> = {
  static: true,
  dynamic: true,
  f16: true,
  '8-bit': true,
  window: true,
  none: true,
};

function printable(name: string, value: unknown): unknown {
  if (name === 'samplers')
    return (value as readonly Sampler[]).map(({ name: sampler, parameters }) =>
      parameters === undefined ? { name: sampler } : { name: sampler, parameters },
    );
  if (name === 'strategy') return { name: (value as Strategy).name, parameters: (value as Strategy).parameters ?? {} };
  if (name === 'cache' && typeof value === 'object' && !('kind' in (value as object))) return "the caller's";
  if (typeof value === 'function' || name === 'signal' || name === 'tokenizer') return 'given';
  return value;
}
