import { type GenerateOptions, type Json, ParameterError, type Sampler, type Strategy } from '@tokenwright/core';
import { checkOption, type OptionDeclarations, readable } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { generateOptions } from '@tokenwright/core/strategy';
import { type FlatSamplingOptions, flatSamplingOptions } from '@tokenwright/samplers';
import { type StructuredOutput, structuredOutputOf } from '../structured/constraint.ts';
import { type StructuredOutputOptions, structuredOutputOptions } from '../structured/structured-output.ts';
import { checkNames } from './option-names.ts';
import { type GenerationConfig, planSampling } from './sampling-options.ts';
import { type StrategyOptions, strategyOf, strategyOptions } from './strategy-options.ts';

/** Options of core's `generate` that `lm.generate` has too. */
type CoreOptions = Omit<GenerateOptions, 'explain' | 'preset' | 'steps' | 'tokenizer'>;

/**
 * Options of `generate`, `stream`, `chat` and `generateBatch`. All can be left out or be `undefined`; then generation_config.json of the
 * model decides, and where that has nothing, the library: greedy decoding of at most 256 tokens.
 *
 * @typeParam Value what `object` of the result is, in a call with a `schema` or `choices`.
 * @typeParam Written what the model writes, before transforms and defaults of the schema.
 */
export interface CallOptions<Value = unknown, Written = Value>
  extends CoreOptions,
    FlatSamplingOptions,
    StrategyOptions,
    StructuredOutputOptions<Value, Written> {}

const { explain: _, preset: __, steps: ___, tokenizer: ____, ...coreOptions } = generateOptions;

/** The declarations behind {@link CallOptions}. */
export const callOptions: OptionDeclarations = {
  ...flatSamplingOptions,
  ...strategyOptions,
  ...structuredOutputOptions,
  ...coreOptions,
};

const names = Object.keys(callOptions);

/** What the options of a call stand for. */
export interface ResolvedCall {
  /** Options of core's `generate`. With an `output`, they have samplers. */
  readonly options: GenerateOptions;
  readonly output: StructuredOutput | undefined;
}

/**
 * The options of core's `generate` that the options of a call stand for, and what it asks of its replies. What the call leaves out,
 * the model's defaults decide.
 *
 * @param generationConfig of the model.
 * @throws UnknownOptionError that names ours for another system's option; ParameterError for a value, and for options that exclude
 * each other.
 */
export function resolveCall(owner: string, call: CallOptions, generationConfig: GenerationConfig): ResolvedCall {
  const given = checkValues(owner, checkNames(owner, call, names));
  const output = structuredOutputOf(owner, given);
  return { options: coreOptionsOf(owner, given, generationConfig, output !== undefined), output };
}

/** @param needsChain whether the options must have samplers, where core would take those of the model. */
function coreOptionsOf(
  owner: string,
  given: CallOptions,
  generationConfig: GenerationConfig,
  needsChain: boolean,
): GenerateOptions {
  const strategic = pick(given, strategyOptions);
  // The candidates of a contrastive search are not a sampler.
  const { topK: candidates, ...rest } = pick(given, flatSamplingOptions);
  const contrasts = Number(strategic.penaltyAlpha) > 0;
  const sampling: FlatSamplingOptions = contrasts || candidates === undefined ? rest : { ...rest, topK: candidates };
  for (const [name, value] of Object.entries({ ...sampling, ...strategic, topK: candidates }))
    if (value !== undefined) checkOption(owner, name, callOptions[name]!, value);
  const { samplers, strategy } = given;
  if (samplers !== undefined) {
    checkSamplers(owner, samplers);
    const [first] = Object.keys(sampling);
    if (first !== undefined) throw conflict(owner, first, given, generationConfig);
  }
  const core: GenerateOptions = pick(given, coreOptions);
  const chain = (chosen: Strategy | undefined): Pick<GenerateOptions, 'samplers'> =>
    samplers === undefined ? samplersFor(sampling, generationConfig, chosen, needsChain) : {};
  if (strategy !== undefined) {
    const [first] = Object.keys(strategic);
    if (first !== undefined)
      throw new ParameterError(
        owner,
        first,
        'left out when strategy is given',
        strategic[first as keyof StrategyOptions],
      );
    return { ...core, ...chain(strategy) };
  }
  const { samples, topK } = planSampling(sampling, generationConfig);
  const asked = samplers === undefined || Object.keys(strategic).length > 0;
  const chosen = asked ? strategyOf(owner, strategic, generationConfig, candidates ?? topK, samples) : undefined;
  if (chosen === undefined) return { ...core, ...chain(undefined) };
  const all = { ...core, ...chain(chosen) };
  if (Object.keys(strategic).length > 0) return { ...all, strategy: chosen };
  return { ...all, preset: { name: 'generation_config.json', options: { strategy: chosen } } };
}

/** Every option by its declaration, before one of them decides anything. */
function checkValues(owner: string, given: CallOptions): CallOptions {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (name === 'samplers') readable(owner, name, value, () => checkSamplers(owner, value));
    values[name] = checkOption(owner, name, callOptions[name]!, value);
  }
  return values;
}

/**
 * The chain of a call. A strategy that compares hypotheses gets it without the choice of the most probable token, which would
 * leave it one. For another one, core would leave that choice out too.
 *
 * @param needed true when the model's own samplers must be there too.
 */
function samplersFor(
  sampling: FlatSamplingOptions,
  generationConfig: GenerationConfig,
  strategy: Strategy | undefined,
  needed: boolean,
): Pick<GenerateOptions, 'samplers'> {
  const compares = strategy?.comparesTokens !== undefined;
  if (Object.keys(sampling).length === 0 && !needed && (strategy === undefined || compares)) return {};
  const { samplers } = planSampling(sampling, generationConfig);
  return { samplers: compares ? samplers.filter(({ traits }) => traits?.selectsArgMax !== true) : samplers };
}

function conflict(
  owner: string,
  option: string,
  { samplers: _, ...given }: CallOptions,
  generationConfig: GenerationConfig,
): ParameterError {
  const chain = planSampling(pick(given, flatSamplingOptions), generationConfig).samplers.map(asCode).join(', ');
  return new ParameterError(
    owner,
    option,
    `left out when samplers is given (the sampling options stand for samplers: [${chain}])`,
    given[option as keyof FlatSamplingOptions],
  );
}

/** A sampler as the code that makes it. */
function asCode({ name, parameters }: Sampler): string {
  const entries = Object.entries((parameters ?? {}) as Readonly<Record<string, Json>>);
  const text = entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ');
  return `${camelCase(name)}(${text === '' ? '' : `{ ${text} }`})`;
}

/** Options of the call where samplers are meant get a word of advice; core checks the rest. */
function checkSamplers(owner: string, samplers: unknown): void {
  // No chain is longer; core checks all of it.
  for (const entry of Array.isArray(samplers) ? samplers.slice(0, 1000) : [samplers]) {
    const name = typeof entry === 'string' ? entry : Object.keys(Object(entry) as object)[0];
    const option = camelCase((name ?? '').replaceAll('_', '-'));
    if (!Object.hasOwn(flatSamplingOptions, option) || typeof (entry as Partial<Sampler> | null)?.name === 'string')
      continue;
    throw new ParameterError(
      owner,
      'samplers',
      `a list of samplers of tokenwright/samplers (${option} is an option of the call itself: { ${option}: ... })`,
      entry,
    );
  }
}

/** The given options with a name in `declarations` and a value. */
function pick<Name extends string>(
  given: Readonly<Record<string, unknown>> | CallOptions,
  declarations: Readonly<Record<Name, unknown>>,
): Record<Name, never> {
  const entries = Object.entries(given).filter(
    ([name, value]) => Object.hasOwn(declarations, name) && value !== undefined,
  );
  return Object.fromEntries(entries) as Record<Name, never>;
}
