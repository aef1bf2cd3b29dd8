import { defineSampler, type HostSampler, type Tokenizer } from '@tokenwright/core';
import { checkTokenizer, type OptionsOf, type OptionValues, tokenListsOption } from '@tokenwright/core/options';
import { isBegun, refuseOutside, type SequenceNeeds } from '../shared/token-ids.ts';
import { checkTexts } from '../shared/token-texts.ts';

const options = {
  /** Sequences of tokens that must not occur, at least one; see {@link badWordTokens}. */
  words: tokenListsOption({ least: 1, help: 'Sequences of tokens that must not occur' }),
};

export type BadWordsOptions = OptionsOf<typeof options>;

/**
 * Remove each token that would complete one of the sequences.
 *
 * A sequence that is only an end token of the run is skipped, so that it cannot keep a text from ending. An id outside the
 * vocabulary is an error when the stage is applied.
 *
 * Example: text ... 4, words [[4, 9], [8]]: removes 9 and 8.
 *
 * @see Hugging Face, `bad_words_ids`; vLLM, `bad_words`
 * @example
 * ```ts
 * badWords({ words: badWordTokens(tokenizer, ['darn']) });
 * ```
 */
export const badWords = defineSampler({
  name: 'bad-words',
  summary: 'Remove the tokens that would complete one of the given sequences',
  source: 'Hugging Face, bad_words_ids; vLLM, bad_words',
  kind: 'constraint',
  options,
  create: (values) => badWordsForm(values, { needs: 'beginning', countPrompt: true, sparesEnd: true }),
});

/** Where systems differ. */
export interface BadWordsRules {
  readonly needs: SequenceNeeds;
  /** Whether a sequence may begin in the prompt. */
  readonly countPrompt: boolean;
  /** Whether a sequence that is only an end token is skipped. */
  readonly sparesEnd: boolean;
}

export function badWordsForm(
  { words }: OptionValues<typeof options>,
  { needs, countPrompt, sparesEnd }: BadWordsRules,
): Omit<HostSampler, 'name'> {
  const ids = new Set(words.flat());
  return {
    traits: { narrows: true },
    onHost(logits, { history, eosTokenIds, promptLength }) {
      refuseOutside('badWords', 'words', ids, logits.length);
      const text = countPrompt ? history.tokens : history.tokens.subarray(promptLength);
      for (const word of words) {
        const last = word.at(-1)!;
        if (sparesEnd && word.length === 1 && eosTokenIds.includes(last)) continue;
        if (isBegun(text, word, needs)) logits[last] = -Infinity;
      }
    },
  };
}

/**
 * Words for {@link badWords}, from texts: each with and without a space before it. (vLLM leaves out the one with a space where it has
 * another number of tokens.)
 *
 * @example
 * ```ts
 * badWordTokens(tokenizer, ['darn']);
 * ```
 */
export function badWordTokens(tokenizer: Tokenizer, texts: readonly string[]): number[][] {
  checkTokenizer('badWordTokens', tokenizer);
  const found = new Map<string, number[]>();
  for (const text of checkTexts('badWordTokens', 'texts', texts)) {
    if (text === '') continue;
    for (const spelling of [text, ` ${text.trimStart()}`]) {
      const ids = tokenizer.encode(spelling, { addSpecialTokens: false });
      if (ids.length > 0) found.set(ids.join(), ids);
    }
  }
  return [...found.values()];
}
