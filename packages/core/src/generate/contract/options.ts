import { checkInteger, checkNumber, checkOptionNames } from '../../check/check.ts';
import {
  booleanOption,
  choiceOption,
  customOption,
  integerOption,
  type Option,
  tokensOption,
} from '../../check/option.ts';
import type { CacheKind } from '../../engine/engine.ts';
import { ParameterError, UnknownOptionError } from '../../errors.ts';
import { cacheKindNames } from '../../model/cache-kind.ts';
import type { KVCache } from '../../model/kv-cache.ts';
import type { ModelDefaults } from '../../model/language-model.ts';
import { argMax } from '../../sampling/arg-max.ts';
import type { ChainWarning } from '../../sampling/check-chain.ts';
import { Random } from '../../sampling/random.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { isControlToken } from '../../text/control-tokens.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import type { StopCondition } from './stop.ts';
import type { Strategy } from './strategy.ts';

/**
 * Options of `generate`, `generateText` and `generateBatch`. The value of an option that is left out, or `undefined`, comes from
 * the preset, then the model's own defaults, then the library.
 */
export interface GenerateOptions {
  /**
   * The chain that every distribution passes through, in order. `[]` samples from the model's own distribution. Default: the
   * sampling parameters of the checkpoint; without any, greedy decoding. With a strategy, default `[]`.
   */
  readonly samplers?: readonly Sampler[] | undefined;
  /** Decides which tokens to feed and which to accept. Default `sampling()`. */
  readonly strategy?: Strategy | undefined;
  /** An integer from 0 to 2^53 - 1, or one per prompt. Default: a random one, reported in the end event. */
  readonly seed?: number | readonly number[] | undefined;
  /**
   * Sequences per prompt. More than one needs samplers, or a strategy that returns several. A strategy that finds fewer
   * different ones, such as beam search where a constraint leaves fewer texts, returns only those. Default 1.
   */
  readonly numReturnSequences?: number | undefined;
  /** Maximum number of tokens after the prompt. Default 256. */
  readonly maxNewTokens?: number | undefined;
  /** Maximum number of tokens, prompt included. Default Infinity: only the model's context limits it. */
  readonly maxLength?: number | undefined;
  /** Neither an end token, a stop string nor `stopWhen` ends a sequence of fewer new tokens. 0 is off. Default 0. */
  readonly minNewTokens?: number | undefined;
  /** The same for the number of tokens with the prompt. 0 is off. Default 0. */
  readonly minLength?: number | undefined;
  /** The token after the start token of an encoder-decoder model; null forces none. Default: the model's, or null. */
  readonly forcedBosTokenId?: number | null | undefined;
  /** The last token that the length allows; null forces none. Default: the model's, or null. */
  readonly forcedEosTokenId?: number | null | undefined;
  /** Ids that end a sequence; [] for none. Default: the model's. */
  readonly eosTokenIds?: readonly number[] | undefined;
  /**
   * Texts that end a sequence. They are not part of the text. A string may contain control tokens by their spelling, as in
   * `'\n<|im_end|>'`. Needs a tokenizer. Default [].
   */
  readonly stopStrings?: readonly string[] | undefined;
  /** Leave control tokens out of the text. False keeps them, except for the end token that ends the text. Default true. */
  readonly skipSpecialTokens?: boolean | undefined;
  /**
   * The application's own condition, called after every token. Its answer counts from the minimum length on. Must be
   * synchronous. Default none.
   */
  readonly stopWhen?: StopCondition | undefined;
  /** Time limit for the whole call, in milliseconds. The tokens so far are returned. Default Infinity. */
  readonly maxTime?: number | undefined;
  /** Ends the call. The tokens so far are returned. */
  readonly signal?: AbortSignal | undefined;
  /**
   * A cache to continue from and to leave filled, a kind of cache, or 'none' to compute everything again at each step (for
   * comparison and teaching). Default 'static', a cache that lives as long as the call.
   */
  readonly cache?: KVCache | CacheKind | CacheKind['kind'] | 'none' | undefined;
  /** Maximum number of tokens per forward pass while prompts are read, at least one per row. Default: the model's limit. */
  readonly prefillChunkSize?: number | undefined;
  /**
   * When the context is full: `'stop'` ends with stop reason 'context'; `'slide'` forgets the older half. The last position of
   * a context gives a token too, so n positions hold a prompt and its text of n + 1 tokens. Default 'stop'.
   */
  readonly onContextFull?: 'stop' | 'slide' | undefined;
  /** Report the log-probability and rank of each token, as the model gave them before any sampler. Default false. */
  readonly logprobs?: boolean | undefined;
  /** Also report this many of the most probable tokens. Default 0. */
  readonly topLogprobs?: number | undefined;
  /** Also report these tokens, whatever their rank. Default []. */
  readonly logprobsOf?: readonly number[] | undefined;
  /** Report the effect of each stage of the chain for each token. Costs a second pass through the chain. Default false. */
  readonly explain?: boolean | undefined;
  /** Report each step of the strategy (hypotheses, drafts) as an event. Default false. */
  readonly steps?: boolean | undefined;
  /**
   * Called before the first token for each order in the chain that makes no sense (see `checkChain`). Default: one line on the
   * console per warning. `() => {}` is silent.
   */
  readonly onWarning?: ((warning: ChainWarning) => void) | undefined;
  /** Turns ids into text. `generateText` sets it. */
  readonly tokenizer?: Tokenizer | undefined;
  /** A named set of options with lower priority than the call's and higher than the model's. */
  readonly preset?: { readonly name: string; readonly options: Partial<GenerateOptions> } | undefined;
}

type Resolved<Names extends keyof GenerateOptions> = {
  readonly [Name in Names]-?: Exclude<GenerateOptions[Name], undefined>;
};
type Absent = 'stopWhen' | 'signal' | 'onWarning' | 'tokenizer' | 'strategy';

/** All options with their values. */
export type ResolvedOptions = Resolved<Exclude<keyof GenerateOptions, Absent | 'preset'>> &
  Pick<GenerateOptions, Absent>;

/** Where a value came from, highest priority first. */
export type OptionSource = 'call' | 'preset' | 'generation_config.json' | 'library default';

/** The options in force, printable, each with its source. */
export type OptionReport = Readonly<Record<string, { readonly value: unknown; readonly source: OptionSource }>>;

/** Bound of a sequence's index, which shares 32 random key bits with a beam's index. */
const maxSequences = 65_536;

/**
 * The declarations behind {@link GenerateOptions}: checks, defaults, command-line flags, forms and reference tables come from
 * here. The compiler requires one for each option.
 */
export const generateOptions: { readonly [Name in keyof GenerateOptions]-?: Option<GenerateOptions[Name], true> } = {
  samplers: code('Chain of samplers, applied in order', checkSamplers),
  strategy: code('Decoding strategy', checkStrategy),
  seed: customOption<number | readonly number[]>({
    kind: 'integer',
    optional: true,
    help: 'Seed of the random numbers, or one per prompt',
    check(owner, name, value) {
      for (const seed of Array.isArray(value) ? value : [value])
        checkInteger(owner, name, seed, 0, Number.MAX_SAFE_INTEGER);
      return value as number | readonly number[];
    },
  }),
  numReturnSequences: integerOption({ default: 1, min: 1, max: maxSequences, help: 'Sequences per prompt' }),
  maxNewTokens: integerOption({ default: 256, min: 0, suggested: 100, help: 'Maximum number of new tokens' }),
  maxLength: integerOption({
    default: Infinity,
    min: 1,
    infinite: true,
    help: 'Maximum number of tokens, prompt included',
  }),
  minNewTokens: integerOption({ default: 0, min: 0, off: 0, help: 'Nothing stops a text of fewer new tokens' }),
  minLength: integerOption({
    default: 0,
    min: 0,
    off: 0,
    help: 'Nothing stops a text of fewer tokens, prompt included',
  }),
  forcedBosTokenId: tokenOrNull('Token id after the start token'),
  forcedEosTokenId: tokenOrNull('Token id forced as the last one'),
  eosTokenIds: tokensOption({ default: [], help: 'Token ids that end a sequence' }),
  stopStrings: customOption<readonly string[]>({
    kind: 'json',
    default: [],
    help: 'Texts that end a sequence',
    check(owner, name, value) {
      if (!Array.isArray(value)) throw new ParameterError(owner, name, 'a list of strings', value);
      for (const text of value)
        if (typeof text !== 'string' || text === '') throw new ParameterError(owner, name, 'non-empty strings', text);
      return value;
    },
  }),
  skipSpecialTokens: booleanOption({ default: true, off: false, help: 'Leave control tokens out of the text' }),
  stopWhen: code('Condition that ends a sequence', checkFunction<StopCondition>),
  maxTime: customOption<number>({
    kind: 'number',
    default: Infinity,
    off: Infinity,
    help: 'Time limit in milliseconds',
    check: (owner, name, value) =>
      value === Infinity ? Infinity : checkNumber(owner, name, value, 'milliseconds, at least 0', (ms) => ms >= 0),
  }),
  signal: code('Signal that ends the call', (owner, name, value) => {
    if (typeof (value as AbortSignal | null)?.aborted !== 'boolean')
      throw new ParameterError(owner, name, 'an AbortSignal', value);
    return value as AbortSignal;
  }),
  cache: customOption<KVCache | CacheKind | CacheKind['kind'] | 'none'>({
    kind: 'choice',
    default: 'static',
    help: 'Kind of cache, or none',
    check: checkCache,
  }),
  prefillChunkSize: integerOption({
    default: Infinity,
    min: 1,
    infinite: true,
    help: 'Tokens per forward pass of a prompt',
  }),
  onContextFull: choiceOption(['stop', 'slide'], { default: 'stop', help: 'What happens when the context is full' }),
  logprobs: booleanOption({ default: false, off: false, help: 'Report the log-probability of each token' }),
  topLogprobs: integerOption({ default: 0, min: 0, off: 0, help: 'Report this many of the most probable tokens' }),
  logprobsOf: tokensOption({ default: [], help: 'Report the log-probabilities of these token ids' }),
  explain: booleanOption({ default: false, off: false, help: 'Report the effect of each sampler' }),
  steps: booleanOption({ default: false, off: false, help: 'Report each step of the strategy' }),
  onWarning: code('Receives warnings about the chain', checkFunction<(warning: ChainWarning) => void>),
  tokenizer: code('Tokenizer', (owner, name, value) => {
    if (typeof (value as Tokenizer | null)?.decode !== 'function')
      throw new ParameterError(owner, name, 'a tokenizer: an object with encode and decode', value);
    return value as Tokenizer;
  }),
  preset: code('Named set of options', (owner, name, value) => {
    const preset = value as GenerateOptions['preset'] | null;
    if (typeof preset?.name !== 'string' || typeof preset.options !== 'object' || preset.options === null)
      throw new ParameterError(owner, name, 'an object with a name and options', value);
    return preset;
  }),
};

const optionNames = Object.keys(generateOptions) as readonly (keyof GenerateOptions)[];

/** Fill in and check the options of a call. */
export function resolveOptions(
  owner: string,
  call: GenerateOptions,
  model: ModelDefaults,
): { readonly options: ResolvedOptions; readonly report: OptionReport } {
  checkOptionNames(owner, call, optionNames);
  const preset = presetOptions(owner, call);
  const strategy = call.strategy ?? preset.strategy;
  const layers: readonly (readonly [OptionSource, GenerateOptions])[] = [
    ['call', call],
    ['preset', preset],
    ['generation_config.json', checkpointOptions(model, call, preset, strategy)],
    ['library default', { samplers: strategy === undefined ? [argMax] : [], seed: Random.anySeed() }],
  ];
  const values: Record<string, unknown> = {};
  const report: Record<string, OptionReport[string]> = {};
  for (const name of optionNames) {
    if (name === 'preset') continue;
    const option = generateOptions[name];
    const layer = layers.find(([, options]) => options[name] !== undefined);
    const checked = layer === undefined ? option.default : option.check(owner, name, layer[1][name]);
    const value = name === 'samplers' ? chainFor(strategy, checked as readonly Sampler[]) : checked;
    if (value === undefined) continue;
    values[name] = value;
    report[name] = { value: printable(name, value), source: layer?.[0] ?? 'library default' };
  }
  const options = values as unknown as ResolvedOptions;
  checkTogether(owner, options);
  return { options, report };
}

const selectsArgMax = ({ traits }: Sampler): boolean => traits?.selectsArgMax === true;

/** A chain without the stages that leave the choice to this strategy. */
function chainFor(strategy: Strategy | undefined, samplers: readonly Sampler[]): readonly Sampler[] {
  return strategy?.comparesTokens === 'by-rank'
    ? samplers.filter(({ traits }) => traits?.yieldsToStrategy !== true)
    : samplers;
}

function presetOptions(owner: string, { preset }: GenerateOptions): Partial<GenerateOptions> {
  if (preset === undefined) return {};
  const { name, options } = generateOptions.preset.check(owner, 'preset', preset)!;
  checkOptionNames(
    `preset ${name}`,
    options,
    optionNames.filter((option) => option !== 'preset'),
  );
  return options;
}

/** The model's defaults, as far as the call does not overrule them. */
function checkpointOptions(
  { decoderStartTokenIds: _, ...model }: ModelDefaults,
  call: GenerateOptions,
  preset: Partial<GenerateOptions>,
  strategy: Strategy | undefined,
): GenerateOptions {
  const { maxLength, samplers, ...options } = model;
  // As in Hugging Face's generate, a maxNewTokens from the caller replaces the checkpoint's maxLength.
  const hasOwnLimit = call.maxNewTokens !== undefined || preset.maxNewTokens !== undefined;
  return {
    ...options,
    ...(maxLength === undefined || hasOwnLimit ? {} : { maxLength }),
    // A strategy makes its own choice: the checkpoint's greedy selection would collapse its hypotheses.
    ...(samplers === undefined
      ? {}
      : {
          samplers: strategy === undefined ? samplers : samplers.filter((sampler) => !selectsArgMax(sampler)),
        }),
  };
}

function checkTogether(owner: string, options: ResolvedOptions): void {
  const { minNewTokens, maxNewTokens, minLength, maxLength, stopStrings, tokenizer, samplers, strategy } = options;
  if (minNewTokens > maxNewTokens)
    throw new ParameterError(owner, 'minNewTokens', `at most maxNewTokens, ${maxNewTokens},`, minNewTokens);
  if (minLength > maxLength)
    throw new ParameterError(owner, 'minLength', `at most maxLength, ${maxLength},`, minLength);
  if (stopStrings.length > 0 && tokenizer === undefined)
    throw new ParameterError(owner, 'tokenizer', 'given together with stopStrings', undefined);
  if (tokenizer !== undefined) checkControlTokens(owner, stopStrings, tokenizer);
  const choice = samplers.find(selectsArgMax);
  if (strategy?.comparesTokens !== undefined && choice !== undefined)
    throw new ParameterError(
      owner,
      'samplers',
      `a chain without '${choice.name}' for the strategy '${strategy.name}', which needs several tokens to choose from,`,
      samplers.map(({ name }) => name),
    );
  if (options.numReturnSequences > 1 && strategy === undefined && choice !== undefined)
    throw new ParameterError(
      owner,
      'numReturnSequences',
      '1 for greedy decoding (samplers or a strategy make several sequences differ)',
      options.numReturnSequences,
    );
}

/** A stop string may name control tokens, unless the tokenizer does not spell them: then it could never match. */
function checkControlTokens(owner: string, stopStrings: readonly string[], tokenizer: Tokenizer): void {
  for (const string of stopStrings) {
    const hidden = idsOf(tokenizer, string).filter(
      (id) =>
        id >= 0 &&
        id < tokenizer.vocabSize &&
        isControlToken(tokenizer, id) &&
        tokenizer.decode([id], { skipSpecialTokens: false }) === '',
    );
    if (hidden.length > 0)
      throw new ParameterError(
        owner,
        'stopStrings',
        `texts that the tokenizer can decode (give the control tokens as eosTokenIds: [${hidden.join(', ')}])`,
        string,
      );
  }
}

/** A tokenizer that cannot encode a text has no control token for it. */
function idsOf(tokenizer: Tokenizer, text: string): readonly number[] {
  if (typeof tokenizer.encode !== 'function') return [];
  try {
    return tokenizer.encode(text, { addSpecialTokens: false });
  } catch {
    return [];
  }
}

/** An option that only code can give, with no default. */
function code<Value>(
  help: string,
  check: (owner: string, name: string, value: unknown) => NonNullable<Value>,
): Option<Value | undefined, true> {
  return customOption<Value | undefined>({ kind: 'code', optional: true, help, check });
}

function tokenOrNull(help: string): Option<number | null, true> {
  return customOption<number | null>({
    kind: 'integer',
    default: null,
    off: null,
    help,
    check: (owner, name, value) => (value === null ? null : checkInteger(owner, name, value, 0)),
  });
}

function checkFunction<F>(owner: string, name: string, value: unknown): F {
  if (typeof value !== 'function') throw new ParameterError(owner, name, 'a function', value);
  return value as F;
}

function checkStrategy(owner: string, name: string, value: unknown): Strategy {
  if (typeof value === 'function')
    throw new ParameterError(owner, name, `a strategy: call the factory, as in ${value.name || 'it'}(...),`, value);
  if (typeof (value as Strategy | null)?.decode !== 'function')
    throw new ParameterError(owner, name, 'a strategy: an object with a name and decode', value);
  return value as Strategy;
}

function checkSamplers(owner: string, name: string, value: unknown): readonly Sampler[] {
  if (!Array.isArray(value)) throw new ParameterError(owner, name, 'a list of samplers', value);
  for (const [at, sampler] of value.entries()) {
    if (typeof sampler === 'function')
      throw new ParameterError(
        owner,
        `${name}[${at}]`,
        `a sampler: call the factory, as in ${sampler.name || 'it'}(...),`,
        sampler,
      );
    const hasForm = typeof sampler === 'object' && sampler !== null && formNames.some((form) => form in sampler);
    if (!hasForm || typeof sampler.name !== 'string')
      throw new ParameterError(
        owner,
        `${name}[${at}]`,
        'a sampler: an object with a name and onHost, onDevice or mask',
        sampler,
      );
  }
  return value;
}

const formNames = ['onHost', 'onDevice', 'mask'];

function checkCache(owner: string, name: string, value: unknown): KVCache | CacheKind | CacheKind['kind'] | 'none' {
  if (typeof value === 'string' && value !== 'none' && !cacheKindNames.includes(value))
    throw new UnknownOptionError(`${owner}: ${name}`, value, [...cacheKindNames, 'none']);
  const isCache =
    typeof value === 'object' && value !== null && ('kind' in value || typeof (value as KVCache).gather === 'function');
  if (typeof value !== 'string' && !isCache) throw new ParameterError(owner, name, 'a cache or a kind of cache', value);
  return value as KVCache | CacheKind | 'none';
}

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
