import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { sourceOf } from '../penalties/encoder-repetition-penalty.ts';
import { removeContinuations } from './no-repeat-ngram.ts';

const options = {
  /** Length of the source's sequences that must not be copied, at least 1. */
  size: integerOption({ min: 1, suggested: 3, help: 'Length of the sequences of the source that must not be copied' }),
};

export type EncoderNoRepeatNgramOptions = OptionsOf<typeof options>;

/**
 * Remove each token that would copy a sequence of `size` tokens from the source. For a model without a source, the prompt
 * takes its place. A model whose source has a vocabulary of its own refuses it.
 *
 * Example: source 1 2 3, reply ... 1 2, size 3: removes 3.
 *
 * @see Roller et al. 2020, "Recipes for building an open-domain chatbot", arXiv:2004.13637; Hugging Face
 * @example
 * ```ts
 * encoderNoRepeatNgram({ size: 3 });
 * ```
 */
export const encoderNoRepeatNgram = defineSampler({
  name: 'encoder-no-repeat-ngram',
  summary: 'Remove the tokens that would copy a sequence of SIZE tokens from the source',
  source: 'Roller et al. 2020, arXiv:2004.13637; Hugging Face',
  kind: 'constraint',
  options,
  create: ({ size }) => ({
    traits: { narrows: true, readsSource: true },
    onHost: (logits, step) => removeContinuations(logits, step.history.tokens, sourceOf(step), size),
  }),
});
