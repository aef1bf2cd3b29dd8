import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { sourceOf } from '../penalties/encoder-repetition-penalty.ts';
import { removeContinuations } from './no-repeat-ngram.ts';

export interface EncoderNoRepeatNgramOptions {
  /** Length of the source's sequences that must not be copied, at least 1. */
  readonly size: number;
}

/**
 * Remove each token that would copy a sequence of `size` tokens from the source (Hugging Face; for dialogue, Roller et al.
 * 2020, arXiv:2004.13637). A model without a source has its prompt taken for it.
 *
 * Example: source 1 2 3, reply ... 1 2, size 3: removes 3.
 */
export function encoderNoRepeatNgram(options: EncoderNoRepeatNgramOptions): HostSampler {
  checkOptionNames('encoderNoRepeatNgram', options, ['size']);
  const size = checkInteger('encoderNoRepeatNgram', 'size', options.size, 1);
  return {
    name: 'encoder-no-repeat-ngram',
    parameters: { size },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => removeContinuations(logits, step.history.tokens, sourceOf(step), size),
  };
}
