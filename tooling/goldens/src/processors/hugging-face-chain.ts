import type { Sampler } from '@tokenwright/core';
import { find } from '../shared/factory.ts';
import type { Params } from '../shared/params.ts';
import { biasedSequences } from './table.ts';

/** Inputs of Hugging Face's `_get_logits_processor` besides the arguments. */
export interface ChainPlace {
  /** The rule for which tokens may follow. */
  readonly prefixAllowed?: ((tokens: Int32Array) => Iterable<number>) | undefined;
  readonly eosTokenIds: readonly number[];
}

/**
 * The chain that Hugging Face's `generate()` makes of its arguments, by our preset of the same name. Parameters that are absent have the
 * preset's defaults, which are those of `generate()`. The chain does not end with `greedy`: the caller adds the stage that chooses.
 */
export function huggingFaceChain(params: Params, { prefixAllowed, eosTokenIds }: ChainPlace): readonly Sampler[] {
  const doSample = params.read('do_sample') === true;
  const biases = params.read('sequence_bias');
  const options = {
    doSample,
    sequenceBias: biases === undefined ? undefined : biasedSequences(biases),
    encoderRepetitionPenalty: params.number('encoder_repetition_penalty'),
    repetitionPenalty: params.number('repetition_penalty'),
    noRepeatNgramSize: params.number('no_repeat_ngram_size'),
    encoderNoRepeatNgramSize: params.number('encoder_no_repeat_ngram_size'),
    badWordsIds: params.lists('bad_words_ids'),
    minLength: params.number('min_length'),
    minNewTokens: params.number('min_new_tokens'),
    prefixAllowedTokensFn: prefixAllowed,
    forcedBosTokenId: params.number('forced_bos_token_id'),
    forcedEosTokenId: params.ids('forced_eos_token_id'),
    exponentialDecayLengthPenalty: params.read('exponential_decay_length_penalty'),
    suppressTokens: params.ids('suppress_tokens'),
    beginSuppressTokens: params.ids('begin_suppress_tokens'),
    renormalizeLogits: params.read('renormalize_logits') === true,
    ...(doSample ? filters(params, eosTokenIds) : {}),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const chain = find<readonly Sampler[]>('preset', 'huggingFace')(given);
  return doSample ? chain : chain.slice(0, -1);
}

/** Read only when sampling. Contrastive search has its own `top_k`. */
function filters(params: Params, eosTokenIds: readonly number[]): object {
  return {
    temperature: params.number('temperature'),
    topK: params.number('top_k'),
    topP: params.number('top_p'),
    minP: params.number('min_p'),
    typicalP: params.number('typical_p'),
    epsilonCutoff: params.number('epsilon_cutoff'),
    etaCutoff: params.number('eta_cutoff'),
    // Beam sampling keeps one token that continues the sequence, besides those that end it.
    minTokensToKeep: (params.number('num_beams') ?? 1) > 1 ? eosTokenIds.length + 1 : 1,
  };
}
