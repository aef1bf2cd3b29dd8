import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { countedTokens } from '../penalties/repetition-penalty.ts';

export interface NoRepeatNgramOptions {
  /** Length of the sequences that must not occur twice, at least 1. 1 forbids every token seen. */
  readonly size: number;
  /** Whether the prompt's sequences count. Default true (Hugging Face, transformers.js). */
  readonly countPrompt?: boolean;
}

/**
 * Remove each token that would complete a sequence of `size` tokens that is there already (Paulus et al. 2017, "A Deep
 * Reinforced Model for Abstractive Summarization", arXiv:1705.04304; Hugging Face).
 *
 * Example: context 1 2 3 1 2, size 3: removes 3.
 */
export function noRepeatNgram(options: NoRepeatNgramOptions): HostSampler {
  checkOptionNames('noRepeatNgram', options, ['size', 'countPrompt']);
  const size = checkInteger('noRepeatNgram', 'size', options.size, 1);
  const { countPrompt = true } = options;
  if (typeof countPrompt !== 'boolean')
    throw new ParameterError('noRepeatNgram', 'countPrompt', 'true or false', countPrompt);
  return {
    name: 'no-repeat-ngram',
    parameters: { size, countPrompt },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      const tokens = countedTokens(step, 'all', countPrompt);
      removeContinuations(logits, tokens, tokens, size);
    },
  };
}

/** Remove what stands in `text` after the last `size` - 1 of `tokens`. */
export function removeContinuations(
  logits: Float32Array,
  tokens: ArrayLike<number>,
  text: ArrayLike<number>,
  size: number,
): void {
  const start = tokens.length - size + 1;
  if (start < 0) return;
  for (let last = size - 1; last < text.length; last++) {
    let same = 0;
    while (same < size - 1 && text[last - 1 - same] === tokens[tokens.length - 1 - same]) same++;
    const id = text[last]!;
    if (same === size - 1 && id >= 0 && id < logits.length) logits[id] = -Infinity;
  }
}
