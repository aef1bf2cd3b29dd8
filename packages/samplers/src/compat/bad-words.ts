import { defineSampler } from '@tokenwright/core';
import { choiceOption } from '@tokenwright/core/options';
import { badWordsForm, badWords as published } from '../constraints/bad-words.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Bad words with `needs`: how long the text must be for a word to apply. As long as all but its last token
 * (`'beginning'`), or as the whole word (`'sequence'`: Hugging Face, where a word whose beginning is the whole text does not
 * apply).
 *
 * @example
 * ```ts
 * badWords({ words: [[4, 9]], needs: 'sequence' });
 * ```
 */
export const badWords = defineSampler({
  ...definition,
  options: { ...definition.options, needs: needs() },
  create: ({ needs, ...values }) => badWordsForm(values, needs),
});

/** `needs`: how long the text must be for a sequence to apply. */
export function needs() {
  return switchOption(
    choiceOption(['beginning', 'sequence'], {
      default: 'beginning',
      help: 'Whether the text must be as long as the beginning of a sequence, or as the whole',
    }),
  );
}
