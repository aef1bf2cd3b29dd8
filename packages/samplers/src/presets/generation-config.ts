import { ParameterError, type Sampler } from '@tokenwright/core';
import {
  checkList,
  checkOption,
  checkOptions,
  choiceOption,
  type OptionsOf,
  readRecord,
} from '@tokenwright/core/options';
import type { BiasedSequence } from '../penalties/sequence-bias.ts';
import { type HuggingFaceOptions, huggingFace, huggingFaceOptions } from './hugging-face.ts';

const options = {
  /**
   * What a key that the file lacks means: the stage is off and tokens are sampled (`'off'`), or Hugging Face's default,
   * where `do_sample` is false and `top_k` is 50 (`'hugging-face'`). Default `'off'`.
   */
  absent: choiceOption(['off', 'hugging-face'], { default: 'off', help: 'What a key that the file lacks means' }),
};

export type GenerationConfigOptions = OptionsOf<typeof options>;

export interface GenerationConfigChain {
  /** The chain that the file asks for, by the preset `huggingFace`. */
  readonly samplers: Sampler[];
  /** Keys that ask for a strategy or a second model, which no chain can give: `num_beams`, `penalty_alpha` ... */
  readonly leftOut: readonly string[];
}

/**
 * The sampling parameters of a checkpoint's generation_config.json as a chain, in the order of Hugging Face's `generate()`.
 *
 * Lengths, end tokens and forced tokens are not part of it: loaders give them to the model as its defaults, and `generate`
 * applies them. A key whose value is null is absent. Keys that do not concern decoding are skipped.
 *
 * @throws ParameterError for an impossible value, with the name of the key.
 * @example
 * ```ts
 * fromGenerationConfig({ do_sample: true, temperature: 0.8, top_p: 0.95 }).samplers; // temperature 0.8, top-p 0.95
 * ```
 */
export function fromGenerationConfig(
  config: Readonly<Record<string, unknown>>,
  given: GenerationConfigOptions = {},
): GenerationConfigChain {
  const { absent } = checkOptions('fromGenerationConfig', options, given);
  const read = readRecord('fromGenerationConfig', config, 'config');
  const present = Object.entries(read).filter(([, value]) => value !== null && value !== undefined);
  const named = present.flatMap(([key, value]) => {
    const option = Object.hasOwn(optionOf, key) ? optionOf[key]! : undefined;
    if (option === undefined) return [];
    const own = key === 'sequence_bias' ? sequencesOf(value) : value;
    return [[option, checkOption<unknown>('fromGenerationConfig', key, huggingFaceOptions[option], own)]];
  });
  const silence: HuggingFaceOptions = absent === 'off' ? { topK: 0 } : { doSample: false };
  return {
    samplers: huggingFace({ ...silence, ...Object.fromEntries(named) }),
    leftOut: present
      .filter(([key, value]) => Object.hasOwn(strategies, key) && strategies[key]!(value))
      .map(([key]) => key),
  };
}

/** The option of the preset for each key of the file. */
const optionOf: Readonly<Record<string, keyof HuggingFaceOptions>> = {
  do_sample: 'doSample',
  temperature: 'temperature',
  top_k: 'topK',
  top_p: 'topP',
  min_p: 'minP',
  typical_p: 'typicalP',
  epsilon_cutoff: 'epsilonCutoff',
  eta_cutoff: 'etaCutoff',
  top_h: 'topH',
  repetition_penalty: 'repetitionPenalty',
  sequence_bias: 'sequenceBias',
  encoder_repetition_penalty: 'encoderRepetitionPenalty',
  no_repeat_ngram_size: 'noRepeatNgramSize',
  encoder_no_repeat_ngram_size: 'encoderNoRepeatNgramSize',
  bad_words_ids: 'badWordsIds',
  remove_invalid_values: 'removeInvalidValues',
  exponential_decay_length_penalty: 'exponentialDecayLengthPenalty',
  suppress_tokens: 'suppressTokens',
  begin_suppress_tokens: 'beginSuppressTokens',
  renormalize_logits: 'renormalizeLogits',
};

const above = (least: number) => (value: unknown) => typeof value === 'number' && value > least;
const always = (): boolean => true;

/** Keys that a chain cannot apply, and the values at which they have an effect. */
const strategies: Readonly<Record<string, (value: unknown) => boolean>> = {
  num_beams: above(1),
  num_beam_groups: above(1),
  penalty_alpha: above(0),
  guidance_scale: (value) => value !== 1,
  prompt_lookup_num_tokens: above(0),
  dola_layers: always,
  watermarking_config: always,
  constraints: always,
  force_words_ids: always,
};

/** Hugging Face writes a list of pairs: [[[5, 6], -1.5], ...]. */
function sequencesOf(value: unknown): readonly BiasedSequence[] {
  const wanted = 'a list of pairs of token ids and bias';
  const item = (pair: unknown): BiasedSequence => {
    const [tokens, bias, ...more] = checkList('fromGenerationConfig', 'sequence_bias', pair, wanted, { least: 2 });
    if (more.length > 0) throw new ParameterError('fromGenerationConfig', 'sequence_bias', wanted, pair);
    return { tokens, bias } as BiasedSequence;
  };
  return checkList('fromGenerationConfig', 'sequence_bias', value, wanted, { item });
}
