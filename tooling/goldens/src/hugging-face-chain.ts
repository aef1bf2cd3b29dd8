import type { Sampler } from '@tokenwright/core';
import { find, sampler } from './factory.ts';
import type { Params } from './params.ts';
import { biasedSequences } from './processors/table.ts';

/** What Hugging Face's `_get_logits_processor` looks at besides the arguments. */
export interface ChainPlace {
  /** A rule for which tokens may follow, written in words in the case. */
  readonly prefix?: Sampler | undefined;
  readonly endTokens: readonly number[];
}

/**
 * The chain that Hugging Face's `generate()` makes of its arguments, in its order. What is absent from `params` is off, as in
 * its generation configuration, but for `top_k`, which is 50 there.
 */
export function huggingFaceChain(params: Params, place: ChainPlace): Sampler[] {
  const biases = params.read('sequence_bias');
  const encoderPenalty = params.number('encoder_repetition_penalty');
  const penalty = params.number('repetition_penalty');
  const size = params.number('no_repeat_ngram_size');
  const encoderSize = params.number('encoder_no_repeat_ngram_size');
  const words = params.lists('bad_words_ids');
  const minLength = params.number('min_length');
  const minNewTokens = params.number('min_new_tokens');
  const forcedBegin = params.number('forced_bos_token_id');
  const forcedEnd = params.ids('forced_eos_token_id');
  const decay = params.read('exponential_decay_length_penalty') as [number, number] | undefined;
  const suppressed = params.ids('suppress_tokens');
  const suppressedAtBegin = params.ids('begin_suppress_tokens');
  const before = [
    ...(biases === undefined
      ? []
      : [sampler('sequenceBias', { sequences: biasedSequences(biases), needs: 'sequence' })]),
    ...(encoderPenalty === undefined ? [] : [sampler('encoderRepetitionPenalty', { penalty: encoderPenalty })]),
  ];
  const after = [
    ...(size === undefined ? [] : [sampler('noRepeatNgram', { size })]),
    ...(encoderSize === undefined ? [] : [sampler('encoderNoRepeatNgram', { size: encoderSize })]),
    ...(words === undefined ? [] : [sampler('badWords', { words, needs: 'sequence' })]),
    ...(minLength === undefined ? [] : [sampler('minLength', { length: minLength })]),
    ...(minNewTokens === undefined ? [] : [sampler('minNewTokens', { count: minNewTokens })]),
    ...(place.prefix === undefined ? [] : [place.prefix]),
    ...(forcedBegin === undefined ? [] : [sampler('forcedBeginToken', { token: forcedBegin })]),
    ...(forcedEnd === undefined ? [] : [sampler('forcedEndToken', { endTokens: forcedEnd })]),
    ...(decay === undefined ? [] : [sampler('exponentialLengthDecay', { start: decay[0], factor: decay[1] })]),
    ...(suppressed === undefined ? [] : [sampler('suppressTokens', { tokens: suppressed })]),
    ...(suppressedAtBegin === undefined ? [] : [sampler('suppressTokensAtBegin', { tokens: suppressedAtBegin })]),
  ];
  const last = params.read('renormalize_logits') === true ? [sampler('normalize')] : [];
  if (params.read('do_sample') === true) return [...before, ...sampled(params, place, penalty, after), ...last];
  return [...before, ...(penalty === undefined ? [] : [sampler('repetitionPenalty', { penalty })]), ...after, ...last];
}

/** The part of the chain that the preset of the same name makes, temperature and filters included. */
function sampled(
  params: Params,
  { endTokens }: ChainPlace,
  repetitionPenalty: number | undefined,
  processors: readonly Sampler[],
): readonly Sampler[] {
  const options = {
    repetitionPenalty,
    processors,
    temperature: params.number('temperature'),
    topK: params.number('top_k'),
    topP: params.number('top_p'),
    minP: params.number('min_p'),
    typicalP: params.number('typical_p'),
    epsilonCutoff: params.number('epsilon_cutoff'),
    etaCutoff: params.number('eta_cutoff'),
    // Beam sampling keeps a token that goes on, besides those that end the sequence.
    minTokensToKeep: (params.number('num_beams') ?? 1) > 1 ? endTokens.length + 1 : 1,
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return find<readonly Sampler[]>('preset', 'huggingFace')(given);
}
