import type { ChainWarning, GenerateOptions, LanguageModel, Sampler, Tokenizer } from '@tokenwright/core';
import { fromGenerationConfig } from '@tokenwright/samplers';
import type { Drafter } from '@tokenwright/strategies';
import { asNumber, type Flag, type Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { contrastFlags } from './contrast-flags.ts';
import { presetOf, samplerFlags, samplersOf } from './sampler-flags.ts';
import { draftFlag, strategyFlag, strategyOf } from './strategy-flags.ts';

type OptionName = keyof GenerateOptions;

/** An option of `generate` as a flag. */
interface OptionFlag extends Flag {
  readonly option: OptionName;
  /** The option's value for what was written. */
  read(given: Given, tokenizer: Tokenizer): unknown;
}

const length = 'Length and stopping';
/** Flags that only add to events. */
export const reportGroup = 'What is reported (with --json)';
const working = 'How it works';

const cacheKinds = ['static', 'dynamic', 'none', 'f16', '8-bit', 'window=N', 'window=N,sinks=M'];

const optionFlags: readonly OptionFlag[] = [
  number('maxNewTokens', 'max-new-tokens', 'N', 'Most new tokens.', length, 'n'),
  number('maxLength', 'max-length', 'N', 'Most tokens, prompt included.', length),
  number('minNewTokens', 'min-new-tokens', 'N', 'No end token before N new tokens.', length),
  number('minLength', 'min-length', 'N', 'No end token before N tokens, prompt included.', length),
  forced('forcedBosTokenId', 'forced-bos-token', 'Force this token after the start token of an encoder-decoder model.'),
  forced('forcedEosTokenId', 'forced-eos-token', 'Force this token as the last that the length allows.'),
  {
    option: 'stopStrings',
    name: 'stop',
    value: 'TEXT',
    help: 'End before this text; may be given several times. \\n is a line break.',
    group: length,
    repeats: true,
    read: (given) => given.texts('stop').map((text) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t')),
  },
  {
    option: 'eosTokenIds',
    name: 'end-tokens',
    value: 'IDS',
    help: "Ids that end the text, such as 0,50256; 'none' lets it run on.",
    group: length,
    read: (given) => idsOf(given, 'end-tokens'),
  },
  {
    option: 'maxTime',
    name: 'max-time',
    value: 'SECONDS',
    help: 'Stop after this time, and keep what has come.',
    group: length,
    read: (given) => given.number('max-time')! * 1000,
  },
  number('seed', 'seed', 'N', 'The same seed gives the same text. Default: any; --verbose tells which.', working, 's'),
  number('numReturnSequences', 'num-return-sequences', 'N', 'Texts for one prompt.', working),
  {
    option: 'cache',
    name: 'cache',
    value: 'KIND',
    help: `How keys and values are kept: ${cacheKinds.join('; ')}. 'none' computes everything anew for each token.`,
    group: working,
    choices: ['static', 'dynamic', 'none', 'f16', '8-bit'],
    read: (given) => cacheOf(given.text('cache')!),
  },
  number('prefillChunkSize', 'prefill-chunk', 'N', 'Read the prompt in pieces of N tokens.', working),
  {
    option: 'onContextFull',
    name: 'on-context-full',
    value: 'stop|slide',
    help: "When the context is full, stop, or forget the older half and go on. Default 'stop'.",
    group: working,
    choices: ['stop', 'slide'],
    closed: true,
    read: (given) => given.text('on-context-full'),
  },
  toggle('logprobs', 'logprobs', 'Log-probability and rank of each token, before any sampler.', reportGroup),
  number('topLogprobs', 'top-logprobs', 'N', 'The N best tokens at each step.', reportGroup),
  {
    option: 'logprobsOf',
    name: 'logprobs-of',
    value: 'IDS',
    help: 'These tokens at each step, whatever their rank.',
    group: reportGroup,
    read: (given) => idsOf(given, 'logprobs-of'),
  },
  toggle('explain', 'explain', 'What each sampler did at each step.', reportGroup),
  toggle('steps', 'steps', 'What the strategy did at each step.', reportGroup),
];

/** Options of the library that no flag can give, and why. */
export const withoutFlag: Partial<Record<OptionName, string>> = {
  samplers: 'given by a flag for each sampler, --chain and --preset',
  strategy: '--strategy',
  preset: '--preset',
  stopWhen: 'a function of a program; --stop, --max-time and --max-new-tokens serve here',
  signal: 'Ctrl-C',
  onWarning: 'warnings are printed',
  tokenizer: "the model's",
};

/** Options of the library by the flag that gives them. */
export const flagOfOption: ReadonlyMap<string, string> = new Map(optionFlags.map(({ option, name }) => [option, name]));

/** Every flag that shapes what is generated. */
export const generateFlags: readonly Flag[] = [
  ...optionFlags,
  ...samplerFlags,
  strategyFlag,
  draftFlag,
  ...contrastFlags,
];

const noted = new Set<string>();

/** A warning about the chain, once: a command may generate several times. */
function note({ message }: Pick<ChainWarning, 'message'>): void {
  if (!noted.has(message)) process.stderr.write(`note: ${message}\n`);
  noted.add(message);
}

/** What a chat cannot heed: it has one answer a turn, and a cache of its own. */
const notInChat = ['numReturnSequences', 'cache', 'strategy', 'draft'];

/** What shapes one answer of a chat. */
export const answerFlags: readonly Flag[] = generateFlags.filter(({ name }) => !notInChat.includes(name));

/** What options are made from besides the command line. */
interface OptionSources {
  readonly tokenizer: Tokenizer;
  readonly generationConfig: Readonly<Record<string, unknown>>;
  readonly draft?: LanguageModel | Drafter;
}

/** The options of a command line. What is not given is left to the preset, the model and the library. */
export function optionsOf(given: Given, { tokenizer, generationConfig, draft }: OptionSources): GenerateOptions {
  const strategy = strategyOf(given, draft);
  const samplers = samplersOf(given.ordered, tokenizer);
  const options: Record<string, unknown> = {
    ...(samplers.length > 0 ? { samplers } : {}),
    ...(strategy === undefined ? {} : { strategy }),
    preset: given.has('preset')
      ? presetOf(given.text('preset')!)
      : {
          name: 'generation_config.json',
          options: { samplers: checkpointChain(generationConfig, strategy !== undefined) },
        },
    signal: interrupt.signal,
    onWarning: note,
    tokenizer,
  };
  for (const { option, name, read } of optionFlags) if (given.has(name)) options[option] = read(given, tokenizer);
  return options;
}

/** The chain that generation_config.json asks for; what it asks for besides is said, unless a strategy was chosen. */
function checkpointChain(config: Readonly<Record<string, unknown>>, hasStrategy: boolean): readonly Sampler[] {
  const { samplers, leftOut } = fromGenerationConfig(config);
  if (!hasStrategy)
    for (const key of leftOut)
      note({ message: `generation_config.json has ${key}, which only a --strategy or a second model can give.` });
  return samplers;
}

function number(
  option: OptionName,
  name: string,
  value: string,
  help: string,
  group: string,
  short?: string,
): OptionFlag {
  const read = (given: Given): number | undefined => given.number(name);
  return { option, name, value, help, group, read, ...(short === undefined ? {} : { short }) };
}

function forced(option: OptionName, name: string, help: string): OptionFlag {
  const read = (given: Given): number | null => (given.text(name) === 'none' ? null : given.number(name)!);
  return { option, name, value: 'ID', help: `${help} 'none' forces none. Default: the model's.`, group: length, read };
}

function toggle(option: OptionName, name: string, help: string, group: string): OptionFlag {
  return { option, name, help, group, read: () => true };
}

function idsOf(given: Given, name: string): number[] {
  const text = given.text(name)!;
  return text === 'none' ? [] : text.split(',').map((id) => asNumber(`--${name}`, id));
}

function cacheOf(text: string): GenerateOptions['cache'] {
  if (!text.startsWith('window')) return text as 'none';
  const sizes = /^window=(\d+)(?:,sinks=(\d+))?$/.exec(text);
  if (sizes === null) throw misuse(`--cache wants one of ${cacheKinds.join('; ')}, but '${text}' was given.`);
  const [, size, sinks] = sizes;
  return { kind: 'window', size: Number(size), ...(sinks === undefined ? {} : { sinks: Number(sinks) }) };
}
