import {
  type ChainWarning,
  type GenerateOptions,
  type LanguageModel,
  type Sampler,
  type Tokenizer,
  UnknownOptionError,
} from '@tokenwright/core';
import type { Option } from '@tokenwright/core/options';
import { generateOptions } from '@tokenwright/core/strategy';
import { fromGenerationConfig, greedy, printChain, samplerRegistry } from '@tokenwright/samplers';
import { type Drafter, promptLookup } from '@tokenwright/strategies';
import { asNumber, type Flag, type Given } from '../cli/command.ts';
import { misuse, readingFlag } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { report } from '../cli/output.ts';
import { contrastFlags } from './contrast-flags.ts';
import { constraintOf, grammarFlags, grammarOf } from './grammar-flags.ts';
import { factsOf, kebabCase, placeholder } from './option-help.ts';
import { presetOf } from './preset-flag.ts';
import { valueReader } from './read-options.ts';
import { samplerFlags, samplersOf } from './sampler-flags.ts';
import { drafterOf, draftFlag, strategyFlag, strategyOf } from './strategy-flags.ts';

type OptionName = keyof GenerateOptions;

const length = 'Length and stopping';
/** Flags that only add to events. */
export const reportGroup = 'Reports (with --json)';
const working = 'Decoding';

const cacheKinds = ['static', 'dynamic', 'none', 'f16', '8-bit', 'window=N', 'window=N,sinks=M'];

/** What a command line adds to the declaration of an option: spelling, units and the heading in help. */
interface Spelling {
  /** The name of the flag, where it is not that of the option. */
  readonly flag?: string;
  readonly group?: string;
  readonly short?: string;
  readonly value?: string;
  /** Replaces the help of the option where the unit differs. */
  readonly help?: string;
  /** A sentence after the help of the option. */
  readonly more?: string;
  readonly choices?: readonly string[];
  readonly repeats?: boolean;
  /** Names that the flag had before, for the error that names the new one. */
  readonly former?: readonly string[];
  /** The value of the option, from the texts of the flag. */
  read?(texts: readonly string[]): unknown;
}

const spellings: Partial<Record<OptionName, Spelling>> = {
  maxNewTokens: { group: length, short: 'n', value: 'N' },
  maxLength: { group: length, value: 'N' },
  minNewTokens: { group: length, value: 'N' },
  minLength: { group: length, value: 'N' },
  forcedBosTokenId: {
    group: length,
    value: 'ID',
    more: "Only for encoder-decoder models. 'none' forces none. Default: the model's.",
    former: ['forced-bos-token'],
  },
  forcedEosTokenId: {
    group: length,
    value: 'ID',
    more: "'none' forces none. Default: the model's.",
    former: ['forced-eos-token'],
  },
  stopStrings: {
    group: length,
    value: 'TEXT',
    more: 'May be given several times. \\n is a line break, \\t a tab.',
    repeats: true,
    former: ['stop'],
    read: (texts) => texts.map((text) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t')),
  },
  skipSpecialTokens: {
    flag: 'keep-special-tokens',
    group: length,
    help: 'Keep control tokens in the text, except for the end token',
    read: () => false,
  },
  eosTokenIds: {
    group: length,
    value: 'IDS',
    more: "For example 0,50256; 'none' lets the text continue. Default: the model's.",
    former: ['end-tokens'],
  },
  maxTime: {
    group: length,
    value: 'SECONDS',
    help: 'Time limit in seconds',
    more: 'The tokens so far are kept.',
    read: ([text]) => asNumber('--max-time', text!) * 1000,
  },
  seed: {
    short: 's',
    value: 'N',
    help: 'Seed of the random numbers',
    more: 'The same seed gives the same text. Default: a random one, which --verbose shows.',
  },
  numReturnSequences: { value: 'N', former: ['sequences'] },
  cache: {
    value: 'KIND',
    help: `How keys and values are kept: ${cacheKinds.join('; ')}`,
    more: `'none' computes everything again for each token.`,
    choices: cacheKinds.filter((kind) => !kind.includes('=')),
    read: ([text]) => cacheOf(text!),
  },
  prefillChunkSize: { value: 'N', former: ['prefill-chunk'] },
  onContextFull: { more: "'slide' forgets the older half and continues." },
  logprobs: { group: reportGroup },
  topLogprobs: { group: reportGroup, value: 'N' },
  logprobsOf: { group: reportGroup, value: 'IDS' },
  logprobsMode: { group: reportGroup },
  explain: { group: reportGroup },
  steps: { group: reportGroup },
};

/** Options of `generate` that text can give, with their flags. An option that only code can give is not among them. */
const optionFlags: readonly (readonly [option: OptionName, flag: Flag])[] = (
  Object.entries(generateOptions) as [OptionName, Option][]
)
  .filter(([, { kind }]) => kind !== 'code')
  .map(([name, option]) => [name, flagOf(name, option)]);

/** Options of the library by the flag that gives them. */
export const flagOfOption: ReadonlyMap<string, string> = new Map(
  optionFlags.map(([option, { name }]) => [option, name]),
);

/** Every flag that shapes what is generated. */
export const generateFlags: readonly Flag[] = [
  ...[length, working, reportGroup].flatMap((group) =>
    optionFlags.map(([, flag]) => flag).filter((flag) => flag.group === group),
  ),
  // The grammar of --regex takes more patterns than the sampler of this name.
  ...samplerFlags.filter(({ name }) => !isGrammarFlag(name)),
  ...grammarFlags,
  strategyFlag,
  draftFlag,
  ...contrastFlags,
];

function isGrammarFlag(name: string): boolean {
  return grammarFlags.some((flag) => flag.name === name);
}

/** Say which flags have no effect without --json. */
export function noteReportFlags(given: Given): void {
  const names = optionFlags
    .map(([, flag]) => flag)
    .filter(({ group, name }) => group === reportGroup && given.has(name));
  if (names.length > 0 && !given.has('json'))
    note({ message: `${names.map(({ name }) => `--${name}`).join(', ')}: no effect without --json.` });
}

const noted = new Set<string>();

/** A warning about the chain, once: a command may generate several times. */
function note({ message }: Pick<ChainWarning, 'message'>): void {
  if (!noted.has(message)) report(`note: ${message}\n`);
  noted.add(message);
}

/** What does not apply to a chat, which has one answer per turn and its own cache. */
const notInChat = ['numReturnSequences', 'cache'].map(kebabCase).concat('strategy', 'draft');

/** What shapes one answer of a chat. */
export const answerFlags: readonly Flag[] = generateFlags.filter(({ name }) => !notInChat.includes(name));

/** What options are made from besides the command line. */
interface OptionSources {
  readonly tokenizer: Tokenizer;
  readonly generationConfig: Readonly<Record<string, unknown>>;
  readonly draft?: LanguageModel | Drafter;
  /** Its defaults apply where the command line has a grammar and no chain. */
  readonly model?: Pick<LanguageModel, 'defaults'>;
}

/** The options of a command line. What it leaves out, the preset, the model's defaults and the library decide, in this order. */
export function optionsOf(given: Given, { tokenizer, generationConfig, draft, model }: OptionSources): GenerateOptions {
  const strategy = strategyOf(given, draft);
  const samplers = chainOf(given, tokenizer);
  const preset = given.has('preset') ? presetOf(given.text('preset')!, tokenizer) : undefined;
  const grammar = grammarOf(given);
  if (strategy === undefined && samplers.length === 0 && !given.has('preset')) noteLeftOut(generationConfig);
  if (strategy === undefined && samplers.length > 0 && !given.has('preset'))
    noteDropped(given, samplers, generationConfig);
  const options: Record<string, unknown> = {
    ...(samplers.length > 0 ? { samplers } : {}),
    ...(strategy === undefined ? {} : { strategy }),
    ...(preset === undefined ? {} : { preset }),
    signal: interrupt.signal,
    onWarning: note,
    tokenizer,
  };
  for (const [option, { name }] of optionFlags)
    if (given.has(name)) options[option] = checkedValue(option, given.texts(name));
  if (grammar !== undefined) {
    const rest = samplers.length > 0 ? samplers : (preset?.options.samplers ?? model?.defaults.samplers ?? [greedy()]);
    options.samplers = [constraintOf(grammar, tokenizer).sampler, ...rest];
  }
  return options;
}

/** The samplers of a command line, without its grammar. */
function chainOf({ ordered }: Given, tokenizer: Tokenizer): Sampler[] {
  return samplersOf(
    ordered.filter(({ name }) => !isGrammarFlag(name)),
    tokenizer,
  );
}

/** Say that a chain which only penalizes, forbids or forces tokens replaces the sampling that the model asks for. */
function noteDropped(
  given: Given,
  samplers: readonly Sampler[],
  generationConfig: Readonly<Record<string, unknown>>,
): void {
  if (generationConfig.do_sample !== true) return;
  const chooses = samplers.some(({ name }) => {
    const kind = samplerRegistry[name]?.definition?.kind;
    return kind === undefined || ['shaping', 'filter', 'controller'].includes(kind);
  });
  const dropped = fromGenerationConfig(generationConfig).samplers;
  if (chooses || dropped.length === 0 || given.has('chain')) return;
  note({
    message: `samplers on the command line replace those of generation_config.json: ${printChain(dropped)}. Give these, too, to keep them.`,
  });
}

/** Stands for the tokenizer of a model that is not loaded yet. */
const unknownTokenizer: Tokenizer = { vocabSize: 1, encode: (text) => Array.from(text, () => 0), decode: () => '' };

/**
 * Check every flag that can be checked without the model, before it is downloaded or loaded.
 *
 * @throws Failure for a value that is not allowed.
 */
export function checkGenerateFlags(given: Given): void {
  grammarOf(given);
  // A strategy that needs a draft has it by then; the samplers of a preset and of --chain are made here, too.
  const drafting = given.text('draft');
  const draft = drafting === undefined ? undefined : (drafterOf(drafting) ?? promptLookup());
  strategyOf(given, draft);
  chainOf(given, unknownTokenizer);
  if (given.has('preset')) presetOf(given.text('preset')!, unknownTokenizer);
  for (const [option, { name }] of optionFlags) if (given.has(name)) checkedValue(option, given.texts(name));
}

/** Say what generation_config.json asks for and no chain can give. */
function noteLeftOut(generationConfig: Readonly<Record<string, unknown>>): void {
  for (const key of fromGenerationConfig(generationConfig).leftOut)
    note({ message: `generation_config.json has ${key}, which only a --strategy or a second model can give.` });
}

function flagOf(name: OptionName, option: Option): Flag {
  const {
    flag = kebabCase(name),
    help: own = option.help,
    more,
    group = working,
    short,
    value,
    choices,
    repeats,
    former,
  } = spellings[name] ?? {};
  const facts = spellings[name]?.read === undefined ? factsOf(option) : '';
  const help = [`${own}${facts === '' ? '' : ` (${facts})`}.`, ...(more === undefined ? [] : [more])];
  const isChoice = option.kind === 'choice' && option.choices !== undefined;
  return {
    name: flag,
    help: help.join(' '),
    group,
    ...(option.kind === 'boolean' ? {} : { value: value ?? placeholder(name, option) }),
    ...(short === undefined ? {} : { short }),
    ...(isChoice ? { choices: option.choices.map(String), closed: true } : {}),
    ...(choices === undefined ? {} : { choices }),
    ...(repeats === undefined ? {} : { repeats }),
    ...(former === undefined ? {} : { former }),
  };
}

/** The checked value of an option. Errors name the flag. */
function checkedValue(name: OptionName, texts: readonly string[]): unknown {
  const option: Option = generateOptions[name];
  const { flag = kebabCase(name), read: own } = spellings[name] ?? {};
  const text = texts.at(-1)!;
  const isSwitch = option.kind === 'boolean' && own === undefined;
  const value = isSwitch ? true : own === undefined ? numbered(flag, option, text) : own(texts);
  return readingFlag(flag, () => option.check('tokenwright', `--${flag}`, value));
}

/** A value by its kind; a text where a number must be is refused here. */
function numbered(flag: string, option: Option, text: string): unknown {
  const value = valueReader(flag)(option, text, flag);
  return typeof value === 'string' && (option.kind === 'integer' || option.kind === 'number')
    ? asNumber(`--${flag}`, value)
    : value;
}

function cacheOf(text: string): GenerateOptions['cache'] {
  if (cacheKinds.includes(text) && !text.includes('=')) return text as 'none';
  const sizes = /^window=(\d+)(?:,sinks=(\d+))?$/.exec(text);
  if (sizes === null) {
    const { nearest } = new UnknownOptionError('tokenwright', text, cacheKinds);
    const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
    throw misuse(`--cache wants one of ${cacheKinds.join('; ')}, but '${text}' was given.${hint}`);
  }
  const [, size, sinks] = sizes;
  return { kind: 'window', size: Number(size), ...(sinks === undefined ? {} : { sinks: Number(sinks) }) };
}
