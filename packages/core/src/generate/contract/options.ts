import { checkFunction, checkInteger, checkNumber, checkSignal } from '../../check/check.ts';
import { checkList } from '../../check/lists.ts';
import type { Option } from '../../check/option.ts';
import { booleanOption, choiceOption, customOption, integerOption, tokensOption } from '../../check/option-kinds.ts';
import { isPlainObject } from '../../check/read-options.ts';
import type { CacheKind } from '../../engine/engine.ts';
import { ParameterError, UnknownOptionError } from '../../errors.ts';
import { cacheKindNames } from '../../model/cache-kind.ts';
import type { KVCache } from '../../model/kv-cache.ts';
import type { ChainWarning } from '../../sampling/check-chain.ts';
import { checkSamplers } from '../../sampling/check-samplers.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { checkDecoder } from '../../text/check-tokenizer.ts';
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
  /** Report the log-probability and rank of each token: the model's own, unless `logprobsMode` is 'processed'. Default false. */
  readonly logprobs?: boolean | undefined;
  /** Also report this many of the most probable tokens. Default 0. */
  readonly topLogprobs?: number | undefined;
  /** Also report these tokens, whatever their rank. Default []. */
  readonly logprobsOf?: readonly number[] | undefined;
  /**
   * Which distribution the log-probabilities are of. 'raw': the model's, before any sampler. 'processed': the one that the token
   * was drawn from, after all samplers; a token that they removed has -Infinity, and `topLogprobs` lists only tokens that are
   * left. Processed ones of samplers on a device are read back to the host. Default 'raw'. Source: vLLM, `logprobs_mode`.
   */
  readonly logprobsMode?: 'raw' | 'processed' | undefined;
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
      const item = (seed: unknown): number => checkInteger(owner, name, seed, 0, Number.MAX_SAFE_INTEGER);
      return Array.isArray(value) ? checkList(owner, name, value, 'a list of integers', { item }) : item(value);
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
      const item = (text: unknown): string => {
        if (typeof text === 'string' && text !== '') return text;
        throw new ParameterError(owner, name, 'non-empty strings', text);
      };
      return checkList(owner, name, value, 'a list of strings', { item });
    },
  }),
  skipSpecialTokens: booleanOption({ default: true, off: false, help: 'Leave control tokens out of the text' }),
  stopWhen: code('Condition that ends a sequence', functionValue<StopCondition>),
  maxTime: customOption<number>({
    kind: 'number',
    default: Infinity,
    off: Infinity,
    help: 'Time limit in milliseconds',
    check: (owner, name, value) =>
      value === Infinity ? Infinity : checkNumber(owner, name, value, 'milliseconds, at least 0', (ms) => ms >= 0),
  }),
  signal: code('Signal that ends the call', checkSignal),
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
  logprobsMode: choiceOption(['raw', 'processed'], {
    default: 'raw',
    help: 'Log-probabilities of the model, or of the distribution after all samplers',
  }),
  explain: booleanOption({ default: false, off: false, help: 'Report the effect of each sampler' }),
  steps: booleanOption({ default: false, off: false, help: 'Report each step of the strategy' }),
  onWarning: code('Receives warnings about the chain', functionValue<(warning: ChainWarning) => void>),
  tokenizer: code('Tokenizer', (owner, name, value) => checkDecoder(owner, value, name)),
  preset: code('Named set of options', (owner, name, value) => {
    if (!isPlainObject(value) || typeof value.name !== 'string' || !isPlainObject(value.options))
      throw new ParameterError(owner, name, 'an object with a name and options', value);
    return { name: value.name, options: value.options as Partial<GenerateOptions> };
  }),
};

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

function functionValue<F>(owner: string, name: string, value: unknown): F & {} {
  return checkFunction(owner, name, value) as F & {};
}

function checkStrategy(owner: string, name: string, value: unknown): Strategy {
  if (typeof value === 'function')
    throw new ParameterError(
      owner,
      name,
      `a strategy: call the factory, as in ${value.name || 'beamSearch'}(...)`,
      value,
    );
  const strategy = value as Partial<Strategy> | null | undefined;
  if (typeof strategy?.decode !== 'function' || typeof strategy.name !== 'string')
    throw new ParameterError(owner, name, 'a strategy: an object with a name and decode', value);
  return value as Strategy;
}

function checkCache(owner: string, name: string, value: unknown): KVCache | CacheKind | CacheKind['kind'] | 'none' {
  if (typeof value === 'string' && value !== 'none' && !cacheKindNames.includes(value))
    throw new UnknownOptionError(`${owner}: ${name}`, value, [...cacheKindNames, 'none']);
  const cache = value as Partial<CacheKind & KVCache> | null;
  const isObject = typeof cache === 'object' && cache !== null;
  const isKind = isObject && typeof cache.kind === 'string' && cacheKindNames.includes(cache.kind);
  if (typeof value !== 'string' && !isKind && !(isObject && typeof cache.gather === 'function'))
    throw new ParameterError(owner, name, 'a cache or a kind of cache', value);
  return value as KVCache | CacheKind | 'none';
}
