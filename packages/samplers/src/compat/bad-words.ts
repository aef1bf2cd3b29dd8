import { defineSampler } from '@tokenwright/core';
import { booleanOption, choiceOption } from '@tokenwright/core/options';
import { badWordsForm, badWords as published } from '../constraints/bad-words.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Bad words with switches. `needs`: how long the text must be for a word to apply: as long as all but its last token
 * (`'beginning'`), or as the whole word (`'sequence'`: Hugging Face until 5.0). `countPrompt: false`: a word cannot begin in the
 * prompt (vLLM). `sparesEnd: false`: a word that is only an end token is removed like others (vLLM).
 *
 * @example
 * ```ts
 * badWords({ words: [[4, 9]], needs: 'sequence' });
 * ```
 */
export const badWords = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    needs: needs(),
    countPrompt: switchOption(booleanOption({ default: true, help: 'Whether a sequence may begin in the prompt' })),
    sparesEnd: switchOption(
      booleanOption({ default: true, help: 'Whether a sequence that is only an end token is skipped' }),
    ),
  },
  create: ({ words, ...rules }) => badWordsForm({ words }, rules),
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
