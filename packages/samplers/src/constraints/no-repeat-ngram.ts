import { defineSampler } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { countedTokens } from '../penalties/repetition-penalty.ts';
import { countPrompt } from '../shared/options.ts';

const options = {
  /** Length of the sequences that must not occur twice, at least 1. 1 forbids every token that occurred. */
  size: integerOption({ min: 1, suggested: 3, help: 'Length of the sequences that must not occur twice' }),
  /** Whether the prompt's sequences count. Default true (Hugging Face, transformers.js). */
  countPrompt: countPrompt(true),
};

export type NoRepeatNgramOptions = OptionsOf<typeof options>;

/**
 * Remove each token that would complete a sequence of `size` tokens that occurred before.
 *
 * Example: context 1 2 3 1 2, size 3: removes 3.
 *
 * @see Paulus et al. 2017, "A Deep Reinforced Model for Abstractive Summarization", arXiv:1705.04304; Hugging Face
 * @example
 * ```ts
 * noRepeatNgram({ size: 3 });
 * ```
 */
export const noRepeatNgram = defineSampler({
  name: 'no-repeat-ngram',
  summary: 'Remove the tokens that would repeat a sequence of SIZE tokens',
  source: 'Paulus et al. 2017, arXiv:1705.04304; Hugging Face',
  kind: 'constraint',
  options,
  create: ({ size, countPrompt }) => ({
    traits: { narrows: true },
    onHost(logits, step) {
      const tokens = countedTokens(step, 'all', countPrompt);
      removeContinuations(logits, tokens, tokens, size);
    },
  }),
});

/** Remove every token that follows the last `size` - 1 of `tokens` somewhere in `text`. */
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
