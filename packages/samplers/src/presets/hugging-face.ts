import { ParameterError } from '@tokenwright/core';
import {
  booleanOption,
  checkInteger,
  checkList,
  checkTokens,
  customOption,
  integerOption,
  numberOption,
  type OptionsOf,
  tokenListsOption,
  tokensOption,
} from '@tokenwright/core/options';
import { prefixAllowedTokens } from '../compat/prefix-allowed-tokens.ts';
import { suppressTokensAtBegin } from '../compat/suppress-tokens-at-begin.ts';
import { badWords } from '../constraints/bad-words.ts';
import { encoderNoRepeatNgram } from '../constraints/encoder-no-repeat-ngram.ts';
import { forcedBosToken } from '../constraints/forced-bos-token.ts';
import { forcedEosToken } from '../constraints/forced-eos-token.ts';
import { minLength } from '../constraints/min-length.ts';
import { minNewTokens } from '../constraints/min-new-tokens.ts';
import { noRepeatNgram } from '../constraints/no-repeat-ngram.ts';
import { suppressTokens } from '../constraints/suppress-tokens.ts';
import { epsilonCutoff } from '../filters/epsilon-cutoff.ts';
import { etaCutoff } from '../filters/eta-cutoff.ts';
import { minP } from '../filters/min-p.ts';
import { topH } from '../filters/top-h.ts';
import { topK } from '../filters/top-k.ts';
import { topP } from '../filters/top-p.ts';
import { typicalP } from '../filters/typical-p.ts';
import { encoderRepetitionPenalty } from '../penalties/encoder-repetition-penalty.ts';
import { exponentialLengthDecay } from '../penalties/exponential-length-decay.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { sequenceBias } from '../penalties/sequence-bias.ts';
import { greedy } from '../shaping/greedy.ts';
import { normalize } from '../shaping/normalize.ts';
import { removeInvalid } from '../shaping/remove-invalid.ts';
import { temperature } from '../shaping/temperature.ts';
import { samplerOption, samplersOption } from '../shared/sampler-options.ts';
import { definePreset, orEmpty, orNull } from './preset.ts';

const decay = exponentialLengthDecay.definition.options;

/** A count that is off at 0, which is the default. */
const count = (help: string) => integerOption({ min: 0, default: 0, off: 0, help });

export const huggingFaceOptions = {
  /**
   * false: temperature and filters are left out, and the choice is greedy. Default true, because this is a preset for
   * sampling; `generate()` itself has false.
   */
  doSample: booleanOption({ default: true, help: 'Whether to sample; without it, the choice is greedy' }),
  /** Above 0; 0 is refused there too. Default 1, off. */
  temperature: numberOption({
    above: 0,
    default: 1,
    off: 1,
    allowed: 'a number above 0 (for greedy: doSample false)',
    help: 'Divisor of the logits',
  }),
  /** 0 is off. Default 50. */
  topK: integerOption({ min: 0, default: 50, off: 0, help: 'How many tokens to keep' }),
  /** 1 is off. Default 1. */
  topP: numberOption({ min: 0, max: 1, default: 1, off: 1, help: 'Probability mass to keep' }),
  /** 0 is off. Default 0. */
  minP: numberOption({ min: 0, max: 1, default: 0, off: 0, help: 'Share of the largest probability' }),
  /** 1 is off. Default 1. */
  typicalP: numberOption({ above: 0, max: 1, default: 1, off: 1, help: 'Mass of the most typical tokens to keep' }),
  /** 0 is off. Default 0. */
  epsilonCutoff: numberOption({ min: 0, below: 1, default: 0, off: 0, help: 'Smallest probability that stays' }),
  /** 0 is off. Default 0. */
  etaCutoff: numberOption({ min: 0, below: 1, default: 0, off: 0, help: 'Upper bound of the threshold' }),
  /** 0 is off. Default 0. */
  topH: numberOption({ min: 0, max: 1, default: 0, off: 0, help: 'Share of the entropy to keep' }),
  /** 1 is off. Default 1. */
  repetitionPenalty: numberOption({ above: 0, default: 1, off: 1, help: 'Above 1 discourages tokens that occurred' }),
  /** false leaves the prompt out, like `prompt_ignore_length` with the prompt's length. Default true. */
  penalizePrompt: booleanOption({ default: true, help: 'Whether the prompt counts for repetitionPenalty' }),
  /** Empty is off. Default empty. */
  sequenceBias: orEmpty(sequenceBias.definition.options.sequences),
  /** 1 is off. Default 1. */
  encoderRepetitionPenalty: numberOption({
    above: 0,
    default: 1,
    off: 1,
    help: 'Above 1 encourages the tokens of the source',
  }),
  /** 0 is off. Default 0. */
  noRepeatNgramSize: count('Length of the sequences that must not occur twice'),
  /** 0 is off. Default 0. */
  encoderNoRepeatNgramSize: count('Length of the sequences of the source that must not be copied'),
  /** Empty is off. Default empty. */
  badWordsIds: tokenListsOption({ default: [], off: [], help: 'Sequences of tokens that must not occur' }),
  /** Prompt included. 0 is off. Default 0. */
  minLength: count('Tokens that the text must have before it may end, prompt included'),
  /** 0 is off. Default 0. */
  minNewTokens: count('Tokens that the reply must have before it may end'),
  /** Default null, off. */
  prefixAllowedTokensFn: orNull(prefixAllowedTokens.definition.options.allowed),
  /** Forced as the second token of the text. Default null, off. */
  forcedBosTokenId: orNull(forcedBosToken.definition.options.token),
  /** Forced as the last token that the length allows. Default null, off. */
  forcedEosTokenId: orNull(
    customOption<number | readonly number[]>({
      kind: 'json',
      help: 'The token or tokens forced as the last one that the length allows',
      allowed: 'a token id or a list of token ids',
      check: (owner, name, value) =>
        typeof value === 'number' ? checkInteger(owner, name, value, 0) : checkTokens(owner, name, value),
    }),
  ),
  /** Default false. */
  removeInvalidValues: booleanOption({ default: false, off: false, help: 'Replace NaN and infinite logits' }),
  /** Tokens of the reply after which it begins, and the factor. Default null, off. */
  exponentialDecayLengthPenalty: orNull(
    customOption<readonly [start: number, factor: number]>({
      kind: 'json',
      help: 'Tokens of the reply after which the end becomes likelier, and the factor per token',
      allowed: 'a list [start, factor]',
      check(owner, name, value) {
        const [start, factor, ...more] = checkList(owner, name, value, 'a list [start, factor]', { least: 2 });
        if (more.length > 0) throw new ParameterError(owner, name, 'a list [start, factor]', value);
        return [decay.start.check(owner, `${name}[0]`, start), decay.factor.check(owner, `${name}[1]`, factor)];
      },
    }),
  ),
  /** Empty is off. Default empty. */
  suppressTokens: tokensOption({ default: [], off: [], help: 'Tokens to remove' }),
  /**
   * For the first new token; after a prompt of one token and with `forcedBosTokenId` for the second. Empty is off. Default empty.
   */
  beginSuppressTokens: tokensOption({ default: [], off: [], help: 'Tokens to remove from the first choice' }),
  /** A watermark, `kgwWatermark(...)` or `synthId(...)`: after the filters. Default null, off. */
  watermark: orNull(samplerOption('A watermark, after the filters')),
  /** Make the result log-probabilities. Default false. */
  renormalizeLogits: booleanOption({ default: false, off: false, help: 'Make the result log-probabilities' }),
  /** The number of tokens that the filters keep at least: in beam search, one more than the end tokens. Default 1. */
  minTokensToKeep: integerOption({ min: 1, default: 1, help: 'The number of tokens that the filters keep at least' }),
  /** Your own stages: after the penalties and before the temperature, as `logits_processor`. Default none. */
  processors: samplersOption('Your own stages, after the penalties and before the temperature'),
};

/** The generation options of Hugging Face transformers, in camelCase. */
export type HuggingFaceOptions = OptionsOf<typeof huggingFaceOptions>;

/**
 * The chain of Hugging Face transformers 5.18.0 (2026-09-30), in the order of its `generate()`: sequence bias, penalties, n-grams, bad
 * words, lengths, the function of allowed tokens, forced tokens, repair, length decay, suppressed tokens, your processors,
 * temperature, top-H, top-k (ties kept), top-p (mass before a token below p), min-p, typical-p, epsilon, eta, watermark,
 * normalization. The stages from temperature to eta only when sampling.
 *
 * Order, defaults and formulas were compared with `generation/utils.py`, `configuration_utils.py` and `logits_process.py` of that
 * release. Until 5.0 a sequence applied only to a text at least as long as the whole sequence: `needs: 'sequence'` of
 * `@tokenwright/samplers/compat`.
 *
 * @example
 * ```ts
 * huggingFace({ temperature: 0.7, topP: 0.9, repetitionPenalty: 1.1 });
 * ```
 */
export const huggingFace = definePreset({
  name: 'hugging-face',
  summary: 'The chain of Hugging Face transformers',
  options: huggingFaceOptions,
  names: {
    badWords: { words: 'badWordsIds' },
    forcedBosToken: { token: 'forcedBosTokenId' },
    forcedEosToken: { eosTokenIds: 'forcedEosTokenId' },
    prefixAllowedTokens: { allowed: 'prefixAllowedTokensFn' },
    sequenceBias: { sequences: 'sequenceBias' },
    suppressTokens: { tokens: 'suppressTokens' },
    suppressTokensAtBegin: { tokens: 'beginSuppressTokens' },
  },
  stages(values) {
    const { doSample, forcedBosTokenId: bos, forcedEosTokenId: eos, minTokensToKeep: minKeep } = values;
    const { exponentialDecayLengthPenalty: decay, prefixAllowedTokensFn: allowed, beginSuppressTokens } = values;
    const filters = [
      values.temperature === 1 ? undefined : temperature({ temperature: values.temperature }),
      values.topH === 0 ? undefined : topH({ entropyShare: values.topH }),
      values.topK === 0 ? undefined : topK({ k: Math.max(values.topK, minKeep), ties: 'keep-all' }),
      values.topP === 1 ? undefined : topP({ p: values.topP, minKeep }),
      values.minP === 0 ? undefined : minP({ p: values.minP, minKeep }),
      values.typicalP === 1 ? undefined : typicalP({ p: values.typicalP, minKeep }),
      values.epsilonCutoff === 0 ? undefined : epsilonCutoff({ epsilon: values.epsilonCutoff, minKeep }),
      values.etaCutoff === 0 ? undefined : etaCutoff({ epsilon: values.etaCutoff, minKeep }),
    ];
    return [
      values.sequenceBias.length === 0 ? undefined : sequenceBias({ sequences: values.sequenceBias }),
      values.encoderRepetitionPenalty === 1
        ? undefined
        : encoderRepetitionPenalty({ penalty: values.encoderRepetitionPenalty }),
      values.repetitionPenalty === 1
        ? undefined
        : repetitionPenalty({ penalty: values.repetitionPenalty, countPrompt: values.penalizePrompt }),
      values.noRepeatNgramSize === 0 ? undefined : noRepeatNgram({ size: values.noRepeatNgramSize }),
      values.encoderNoRepeatNgramSize === 0
        ? undefined
        : encoderNoRepeatNgram({ size: values.encoderNoRepeatNgramSize }),
      values.badWordsIds.length === 0 ? undefined : badWords({ words: values.badWordsIds }),
      values.minLength === 0 ? undefined : minLength({ length: values.minLength }),
      values.minNewTokens === 0 ? undefined : minNewTokens({ count: values.minNewTokens }),
      allowed === null ? undefined : prefixAllowedTokens({ allowed, insists: true }),
      bos === null ? undefined : forcedBosToken({ token: bos }),
      eos === null ? undefined : forcedEosToken({ eosTokenIds: typeof eos === 'number' ? [eos] : eos }),
      values.removeInvalidValues ? removeInvalid() : undefined,
      decay === null ? undefined : exponentialLengthDecay({ start: decay[0], factor: decay[1] }),
      values.suppressTokens.length === 0 ? undefined : suppressTokens({ tokens: values.suppressTokens }),
      beginSuppressTokens.length === 0
        ? undefined
        : suppressTokensAtBegin({ tokens: beginSuppressTokens, afterForcedBos: bos !== null }),
      ...values.processors,
      ...(doSample ? filters : []),
      values.watermark ?? undefined,
      values.renormalizeLogits ? normalize() : undefined,
      doSample ? undefined : greedy(),
    ];
  },
});
