import type { Sampler } from '@tokenwright/core';
import { integerOption, numberOption, type Option, optional } from '@tokenwright/core/options';
import { frequencyPenalty, fromGenerationConfig, presencePenalty } from '@tokenwright/samplers';

/** Options that choose samplers, under Hugging Face's names (the penalties of frequency and presence under OpenAI's). */
export interface SamplingOptions {
  /** Divides the logits: below 1 is bolder, above 1 more varied. 0 is greedy decoding; 1 changes nothing. */
  readonly temperature?: number | undefined;
  /** Keep this many of the most probable tokens. 0 keeps all. */
  readonly topK?: number | undefined;
  /** Keep the most probable tokens that have this probability together. 1 keeps all. */
  readonly topP?: number | undefined;
  /** Keep tokens of at least this share of the largest probability. 0 keeps all. */
  readonly minP?: number | undefined;
  /** Keep the tokens whose information is nearest to the expected one and that have this probability together. 1 keeps all. */
  readonly typicalP?: number | undefined;
  /** Make tokens of the prompt and the text less probable: positive logits are divided by it, others multiplied. 1 changes nothing. */
  readonly repetitionPenalty?: number | undefined;
  /** Subtracted from a token's logit for each time that the token is in the new text. 0 changes nothing. */
  readonly frequencyPenalty?: number | undefined;
  /** Subtracted from the logit of every token that is in the new text. 0 changes nothing. */
  readonly presencePenalty?: number | undefined;
  /** Repeat no sequence of this many tokens. 0 forbids nothing. */
  readonly noRepeatNgramSize?: number | undefined;
}

/** The declarations behind {@link SamplingOptions}. */
export const samplingOptions: {
  readonly [Name in keyof SamplingOptions]-?: Option<SamplingOptions[Name], true>;
} = {
  temperature: optional(
    numberOption({ min: 0, off: 1, suggested: 0.8, help: 'Divides the logits; 0 is greedy decoding' }),
  ),
  topK: optional(integerOption({ min: 0, off: 0, suggested: 40, help: 'Keep this many of the most probable tokens' })),
  topP: optional(
    numberOption({ above: 0, max: 1, off: 1, suggested: 0.95, help: 'Keep the most probable tokens up to this mass' }),
  ),
  minP: optional(
    numberOption({
      min: 0,
      max: 1,
      off: 0,
      suggested: 0.05,
      help: 'Keep tokens of this share of the largest probability',
    }),
  ),
  typicalP: optional(
    numberOption({ above: 0, max: 1, off: 1, suggested: 0.95, help: 'Keep typical tokens up to this mass' }),
  ),
  repetitionPenalty: optional(
    numberOption({ above: 0, off: 1, suggested: 1.1, help: 'Make tokens of the prompt and the text less probable' }),
  ),
  frequencyPenalty: optional(
    numberOption({ off: 0, suggested: 0.5, help: 'Subtracted for each time that a token is in the new text' }),
  ),
  presencePenalty: optional(
    numberOption({ off: 0, suggested: 0.5, help: 'Subtracted from tokens that are in the new text' }),
  ),
  noRepeatNgramSize: optional(
    integerOption({ min: 0, off: 0, suggested: 3, help: 'Repeat no sequence of this many tokens' }),
  ),
};

/** Keys of generation_config.json. */
const keyOf: Readonly<Partial<Record<keyof SamplingOptions, string>>> = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  typicalP: 'typical_p',
  repetitionPenalty: 'repetition_penalty',
  noRepeatNgramSize: 'no_repeat_ngram_size',
};

/** With one of these, tokens are sampled. */
const sampled: readonly (keyof SamplingOptions)[] = ['temperature', 'topK', 'topP', 'minP', 'typicalP'];

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

/**
 * The chain of the options: Hugging Face's order, with the penalties of frequency and presence first. Each option that the
 * call leaves out has the value of generation_config.json, and is off when that has none. Tokens are sampled when the call gives a
 * temperature above 0 or a filter, or when generation_config.json has `do_sample: true`; else decoding is greedy.
 */
export function planSampling(given: SamplingOptions, generationConfig: GenerationConfig): SamplingPlan {
  const config: Record<string, unknown> = { ...generationConfig };
  for (const [name, key] of Object.entries(keyOf)) {
    const value = given[name as keyof SamplingOptions];
    if (value !== undefined) config[key] = value;
  }
  const asked = sampled.some((name) => given[name] !== undefined);
  const doSample = given.temperature !== 0 && (asked || generationConfig.do_sample === true);
  if (given.temperature === 0) delete config.temperature;
  const { samplers } = fromGenerationConfig({ ...config, do_sample: doSample });
  const additive = [
    ...(given.frequencyPenalty ? [frequencyPenalty({ penalty: given.frequencyPenalty })] : []),
    ...(given.presencePenalty ? [presencePenalty({ penalty: given.presencePenalty })] : []),
  ];
  return {
    samplers: [...additive, ...samplers],
    samples: doSample,
    topK: typeof config.top_k === 'number' && config.top_k > 0 ? config.top_k : undefined,
  };
}
