import { ParameterError, type Sampler } from '@tokenwright/core';
import { checkInteger, checkNumber } from '@tokenwright/core/options';
import { badWords } from '../constraints/bad-words.ts';
import { encoderNoRepeatNgram } from '../constraints/encoder-no-repeat-ngram.ts';
import { forcedBosToken } from '../constraints/forced-bos-token.ts';
import { forcedEosToken } from '../constraints/forced-eos-token.ts';
import { minLength } from '../constraints/min-length.ts';
import { minNewTokens } from '../constraints/min-new-tokens.ts';
import { noRepeatNgram } from '../constraints/no-repeat-ngram.ts';
import { type PrefixAllowedTokensOptions, prefixAllowedTokens } from '../constraints/prefix-allowed-tokens.ts';
import { suppressTokens } from '../constraints/suppress-tokens.ts';
import { suppressTokensAtBegin } from '../constraints/suppress-tokens-at-begin.ts';
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
import { type SequenceBiasOptions, sequenceBias } from '../penalties/sequence-bias.ts';
import { greedy } from '../shaping/greedy.ts';
import { normalize } from '../shaping/normalize.ts';
import { removeInvalid } from '../shaping/remove-invalid.ts';
import { temperature } from '../shaping/temperature.ts';
import { buildPreset, type PresetStages } from './preset.ts';

/** The generation options of Hugging Face transformers, in camel case. */
export interface HuggingFaceOptions {
  /**
   * false: temperature and filters are left out, and the choice is greedy. Default true, as this is a preset for sampling;
   * `generate()` itself has false.
   */
  readonly doSample?: boolean;
  /** Above 0; 0 is refused there too. Default 1, off. */
  readonly temperature?: number;
  /** 0 is off. Default 50. */
  readonly topK?: number;
  /** 1 is off. Default 1. */
  readonly topP?: number;
  /** 0 is off. Default 0. */
  readonly minP?: number;
  /** 1 is off. Default 1. */
  readonly typicalP?: number;
  /** 0 is off. Default 0. */
  readonly epsilonCutoff?: number;
  /** 0 is off. Default 0. */
  readonly etaCutoff?: number;
  /** 0 is off. Default 0. */
  readonly topH?: number;
  /** 1 is off. Default 1. */
  readonly repetitionPenalty?: number;
  /** Default true; false leaves the prompt out, like `prompt_ignore_length` with the prompt's length. */
  readonly penalizePrompt?: boolean;
  /** Empty is off. Default empty. */
  readonly sequenceBias?: SequenceBiasOptions['sequences'];
  /** 1 is off. Default 1. */
  readonly encoderRepetitionPenalty?: number;
  /** 0 is off. Default 0. */
  readonly noRepeatNgramSize?: number;
  /** 0 is off. Default 0. */
  readonly encoderNoRepeatNgramSize?: number;
  /** Empty is off. Default empty. */
  readonly badWordsIds?: readonly (readonly number[])[];
  /** Prompt included. 0 is off. Default 0. */
  readonly minLength?: number;
  /** 0 is off. Default 0. */
  readonly minNewTokens?: number;
  /** Default null, off. */
  readonly prefixAllowedTokensFn?: PrefixAllowedTokensOptions['allowed'] | null;
  /** Forced as the second token of the text. Default null, off. */
  readonly forcedBosTokenId?: number | null;
  /** Forced as the last token that the length allows. Default null, off. */
  readonly forcedEosTokenId?: number | readonly number[] | null;
  /** Default false. */
  readonly removeInvalidValues?: boolean;
  /** Tokens of the reply after which it begins, and the factor. Default null, off. */
  readonly exponentialDecayLengthPenalty?: readonly [start: number, factor: number] | null;
  /** Empty is off. Default empty. */
  readonly suppressTokens?: readonly number[];
  /** For the first new token, or with `forcedBosTokenId` the third of the text. Empty is off. Default empty. */
  readonly beginSuppressTokens?: readonly number[];
  /** A watermark, `kgwWatermark(...)` or `synthId(...)`: after the filters. Default null, off. */
  readonly watermark?: Sampler | null;
  /** Make the result log-probabilities. Default false. */
  readonly renormalizeLogits?: boolean;
  /** The least that the filters keep: 1, or one more than the number of end tokens in beam sampling. Default 1. */
  readonly minTokensToKeep?: number;
  /** Your own stages: after the penalties and before the temperature, as `logits_processor` there. Default none. */
  readonly processors?: readonly Sampler[];
}

const defaults: Required<HuggingFaceOptions> = {
  doSample: true,
  temperature: 1,
  topK: 50,
  topP: 1,
  minP: 0,
  typicalP: 1,
  epsilonCutoff: 0,
  etaCutoff: 0,
  topH: 0,
  repetitionPenalty: 1,
  penalizePrompt: true,
  sequenceBias: [],
  encoderRepetitionPenalty: 1,
  noRepeatNgramSize: 0,
  encoderNoRepeatNgramSize: 0,
  badWordsIds: [],
  minLength: 0,
  minNewTokens: 0,
  prefixAllowedTokensFn: null,
  forcedBosTokenId: null,
  forcedEosTokenId: null,
  removeInvalidValues: false,
  exponentialDecayLengthPenalty: null,
  suppressTokens: [],
  beginSuppressTokens: [],
  watermark: null,
  renormalizeLogits: false,
  minTokensToKeep: 1,
  processors: [],
};

/** In the order in which `generate()` applies them; the filters only when sampling. */
const stages: PresetStages<Required<HuggingFaceOptions>> = [
  [
    'sequenceBias',
    ({ sequenceBias: sequences }) =>
      sequences.length === 0 ? undefined : sequenceBias({ sequences, needs: 'sequence' }),
  ],
  [
    'encoderRepetitionPenalty',
    ({ encoderRepetitionPenalty: penalty }) => (penalty === 1 ? undefined : encoderRepetitionPenalty({ penalty })),
  ],
  [
    'repetitionPenalty',
    ({ repetitionPenalty: penalty, penalizePrompt }) =>
      penalty === 1 ? undefined : repetitionPenalty({ penalty, countPrompt: penalizePrompt }),
  ],
  ['noRepeatNgramSize', ({ noRepeatNgramSize: size }) => (size === 0 ? undefined : noRepeatNgram({ size }))],
  [
    'encoderNoRepeatNgramSize',
    ({ encoderNoRepeatNgramSize: size }) => (size === 0 ? undefined : encoderNoRepeatNgram({ size })),
  ],
  [
    'badWordsIds',
    ({ badWordsIds: words }) => (words.length === 0 ? undefined : badWords({ words, needs: 'sequence' })),
  ],
  ['minLength', ({ minLength: length }) => (length === 0 ? undefined : minLength({ length }))],
  ['minNewTokens', ({ minNewTokens: count }) => (count === 0 ? undefined : minNewTokens({ count }))],
  [
    'prefixAllowedTokensFn',
    ({ prefixAllowedTokensFn: allowed }) => (allowed === null ? undefined : prefixAllowedTokens({ allowed })),
  ],
  ['forcedBosTokenId', ({ forcedBosTokenId: token }) => (token === null ? undefined : forcedBosToken({ token }))],
  [
    'forcedEosTokenId',
    ({ forcedEosTokenId: ids }) =>
      ids === null ? undefined : forcedEosToken({ eosTokenIds: typeof ids === 'number' ? [ids] : ids }),
  ],
  ['removeInvalidValues', ({ removeInvalidValues }) => (removeInvalidValues ? removeInvalid() : undefined)],
  [
    'exponentialDecayLengthPenalty',
    ({ exponentialDecayLengthPenalty: decay }) =>
      decay === null ? undefined : exponentialLengthDecay({ start: decay[0], factor: decay[1] }),
  ],
  ['suppressTokens', ({ suppressTokens: tokens }) => (tokens.length === 0 ? undefined : suppressTokens({ tokens }))],
  [
    'beginSuppressTokens',
    ({ beginSuppressTokens: tokens, forcedBosTokenId }) => {
      if (tokens.length === 0) return undefined;
      // The forced token is not a beginning: the one after it is.
      return suppressTokensAtBegin(forcedBosTokenId === null ? { tokens } : { tokens, position: 2 });
    },
  ],
  ['processors', ({ processors }) => processors],
  [
    'temperature',
    ({ doSample, temperature: t }) => (doSample && t !== 1 ? temperature({ temperature: t }) : undefined),
  ],
  ['topH', ({ doSample, topH: entropyShare }) => (doSample && entropyShare !== 0 ? topH({ entropyShare }) : undefined)],
  [
    'topK',
    ({ doSample, topK: k, minTokensToKeep }) =>
      doSample && k !== 0 ? topK({ k: Math.max(k, minTokensToKeep), ties: 'keep-all' }) : undefined,
  ],
  [
    'topP',
    ({ doSample, topP: p, minTokensToKeep: minKeep }) => (doSample && p !== 1 ? topP({ p, minKeep }) : undefined),
  ],
  [
    'minP',
    ({ doSample, minP: p, minTokensToKeep: minKeep }) => (doSample && p !== 0 ? minP({ p, minKeep }) : undefined),
  ],
  [
    'typicalP',
    ({ doSample, typicalP: p, minTokensToKeep: minKeep }) =>
      doSample && p !== 1 ? typicalP({ p, minKeep }) : undefined,
  ],
  [
    'epsilonCutoff',
    ({ doSample, epsilonCutoff: epsilon, minTokensToKeep: minKeep }) =>
      doSample && epsilon !== 0 ? epsilonCutoff({ epsilon, minKeep }) : undefined,
  ],
  [
    'etaCutoff',
    ({ doSample, etaCutoff: epsilon, minTokensToKeep: minKeep }) =>
      doSample && epsilon !== 0 ? etaCutoff({ epsilon, minKeep }) : undefined,
  ],
  ['watermark', ({ watermark }) => watermark ?? undefined],
  ['renormalizeLogits', ({ renormalizeLogits }) => (renormalizeLogits ? normalize() : undefined)],
  ['doSample', ({ doSample }) => (doSample ? undefined : greedy())],
];

/**
 * The chain of Hugging Face transformers 4.47 to 5: sequence bias, penalties, n-grams, bad words, lengths, prefix function,
 * forced tokens, clean-up, suppressed tokens, your processors, temperature, top-H, top-k (ties kept), top-p (mass before a
 * token below p), min-p, typical, epsilon, eta, watermark, normalization.
 */
export function huggingFace(options: HuggingFaceOptions = {}): Sampler[] {
  const { temperature: t, topK: k, minTokensToKeep } = options;
  if (t !== undefined)
    checkNumber('huggingFace', 'temperature', t, 'a number above 0 (for greedy: doSample false)', (value) => value > 0);
  if (k !== undefined) checkInteger('huggingFace', 'topK', k, 0);
  if (minTokensToKeep !== undefined) checkInteger('huggingFace', 'minTokensToKeep', minTokensToKeep, 1);
  if (options.doSample !== undefined && typeof options.doSample !== 'boolean')
    throw new ParameterError('huggingFace', 'doSample', 'true or false', options.doSample);
  return buildPreset('huggingFace', options, defaults, stages);
}
