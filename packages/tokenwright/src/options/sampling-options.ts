import type { Sampler } from '@tokenwright/core';
import {
  type FlatSamplingOptions,
  flatSamplingOptions,
  fromGenerationConfig,
  samplersFromOptions,
} from '@tokenwright/samplers';

/** Contents of generation_config.json. */
export type GenerationConfig = Readonly<Record<string, unknown>>;

/** What the options, and the checkpoint below them, ask for. */
export interface SamplingPlan {
  readonly samplers: readonly Sampler[];
  /** False when the most probable token is taken. */
  readonly samples: boolean;
  /** Undefined when it is off. */
  readonly topK: number | undefined;
}

type Name = keyof FlatSamplingOptions;

/** Options that apply to greedy decoding too; each of the others asks for sampling. */
const beforeSampling: readonly Name[] = [
  'repetitionPenalty',
  'encoderRepetitionPenalty',
  'frequencyPenalty',
  'presencePenalty',
  'repeatLastN',
  'noRepeatNgramSize',
  'encoderNoRepeatNgramSize',
  'badWordsIds',
  'suppressTokens',
  'logitBias',
  'dryMultiplier',
  'dryBase',
  'dryAllowedLength',
  'dryPenaltyLastN',
  'drySequenceBreakers',
];

/**
 * The chain of the options, by `samplersFromOptions` of `@tokenwright/samplers`. An option that the call leaves out has the value of
 * generation_config.json, and is off when that has none. Tokens are sampled when the call gives a temperature above 0 or a filter,
 * or when generation_config.json has `do_sample: true`; otherwise decoding is greedy.
 *
 * @throws ParameterError for an option that has no effect without another one.
 */
export function planSampling(given: FlatSamplingOptions, generationConfig: GenerationConfig): SamplingPlan {
  const names = Object.keys(given) as Name[];
  const asked = names.some((name) => !beforeSampling.includes(name));
  const samples = given.temperature !== 0 && (asked || generationConfig.do_sample === true);
  const { topK } = { ...configured(generationConfig), ...given };
  const plan = { samples, topK: topK === 0 ? undefined : topK };
  if (names.length === 0)
    return { ...plan, samplers: fromGenerationConfig({ ...generationConfig, do_sample: samples }).samplers };
  const greedily: FlatSamplingOptions = samples ? {} : { temperature: 0 };
  const chain = samplersFromOptions({ ...configured(generationConfig), ...given, ...greedily });
  // Keys that a call has no option for.
  const others = Object.entries(generationConfig).filter(([key]) => !Object.hasOwn(flatSamplingOptions, camel(key)));
  const rest = fromGenerationConfig({ ...Object.fromEntries(others), do_sample: true }).samplers;
  return { ...plan, samplers: [...rest.filter(notNormalize), ...chain, ...rest.filter((one) => !notNormalize(one))] };
}

/** The values of generation_config.json that are options of a call too. */
function configured(generationConfig: GenerationConfig): FlatSamplingOptions {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(generationConfig)) {
    const name = camel(key);
    if (value === null || value === undefined || !Object.hasOwn(flatSamplingOptions, name)) continue;
    options[name] = flatSamplingOptions[name as Name].check('generation_config.json', key, value);
  }
  return options;
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function notNormalize({ name }: Sampler): boolean {
  return name !== 'normalize';
}
