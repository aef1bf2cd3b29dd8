import { checkOption } from '../../check/check-options.ts';
import type { Option } from '../../check/option.ts';
import { namesOf, readOptions } from '../../check/read-options.ts';
import { ParameterError, UnknownOptionError } from '../../errors.ts';
import type { ModelDefaults } from '../../model/language-model.ts';
import { argMax } from '../../sampling/arg-max.ts';
import { Random } from '../../sampling/random.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { isControlToken } from '../../text/control-tokens.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { nearestName } from '../../wording/nearest-name.ts';
import {
  type GenerateOptions,
  generateOptions,
  type OptionReport,
  type OptionSource,
  type ResolvedOptions,
} from './options.ts';
import type { Strategy } from './strategy.ts';

const optionNames = Object.keys(generateOptions) as readonly (keyof GenerateOptions)[];

/** The options, read once. A name that resembles none of them is often that of a sampler or of a strategy. */
function readCall<Options extends object>(owner: string, given: Options, known: readonly string[]): Options {
  const advice =
    "A setting of a sampler, such as a temperature, is a stage of 'samplers', and one of a strategy, such as beam search, is given to 'strategy'.";
  for (const name of namesOf(owner, given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    throw new UnknownOptionError(owner, name, known, nearest === undefined ? { advice } : { nearest });
  }
  return readOptions(owner, given, known);
}

/** Fill in and check the options of a call. */
export function resolveOptions(
  owner: string,
  given: GenerateOptions,
  model: ModelDefaults,
): { readonly options: ResolvedOptions; readonly report: OptionReport } {
  const call = readCall(owner, given, optionNames);
  const preset = presetOptions(owner, call);
  const asked = call.strategy === undefined ? preset.strategy : call.strategy;
  const strategy = checkOption(owner, 'strategy', generateOptions.strategy, asked);
  const layers: readonly (readonly [OptionSource, GenerateOptions])[] = [
    ['call', call],
    ['preset', preset],
    ['generation_config.json', checkpointOptions(model, call, preset, strategy)],
    ['library default', { samplers: strategy?.comparesTokens === undefined ? [argMax] : [], seed: Random.anySeed() }],
  ];
  const values: Record<string, unknown> = {};
  const report: Record<string, OptionReport[string]> = {};
  for (const name of optionNames) {
    if (name === 'preset') continue;
    const option = generateOptions[name];
    const layer = layers.find(([, options]) => options[name] !== undefined);
    const checked = layer === undefined ? option.default : checkOption(owner, name, option as Option, layer[1][name]);
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
  const { name, options } = checkOption(owner, 'preset', generateOptions.preset, preset)!;
  const names = optionNames.filter((option) => option !== 'preset');
  return readCall(`preset ${name}`, options, names);
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
    // The checkpoint's greedy selection would collapse the hypotheses of a strategy that compares tokens.
    ...(samplers === undefined
      ? {}
      : {
          samplers:
            strategy?.comparesTokens === undefined ? samplers : samplers.filter((sampler) => !selectsArgMax(sampler)),
        }),
  };
}

function checkTogether(owner: string, options: ResolvedOptions): void {
  const { minNewTokens, maxNewTokens, minLength, maxLength, stopStrings, tokenizer, samplers, strategy } = options;
  if (minNewTokens > maxNewTokens)
    throw new ParameterError(owner, 'minNewTokens', `at most maxNewTokens (${maxNewTokens})`, minNewTokens);
  if (minLength > maxLength)
    throw new ParameterError(owner, 'minLength', `at most maxLength (${maxLength})`, minLength);
  if (stopStrings.length > 0 && tokenizer === undefined)
    throw new ParameterError(owner, 'tokenizer', 'given together with stopStrings', undefined);
  if (tokenizer !== undefined) checkControlTokens(owner, stopStrings, tokenizer);
  const choice = samplers.find(selectsArgMax);
  if (strategy?.comparesTokens !== undefined && choice !== undefined)
    throw new ParameterError(
      owner,
      'samplers',
      `a chain without '${choice.name}' for the strategy '${strategy.name}', which needs several tokens to choose from`,
      samplers.map(({ name }) => name),
    );
  if (options.numReturnSequences > 1 && choice !== undefined)
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
