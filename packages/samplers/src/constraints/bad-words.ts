import type { HostSampler, Tokenizer } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { checkNeeds, checkSequences, isBegun, refuseOutside, type SequenceNeeds } from '../shared/token-ids.ts';

export interface BadWordsOptions {
  /** Sequences of tokens that must not come about; see {@link badWordTokens}. */
  readonly words: readonly (readonly number[])[];
  /**
   * How long the text must be: as the beginning of a word, or as the whole word, as in Hugging Face, where a word whose
   * beginning is the whole text does not apply. Default `'beginning'`.
   */
  readonly needs?: SequenceNeeds;
}

/**
 * Remove each token that would complete one of the sequences (Hugging Face `bad_words_ids`, vLLM `bad_words`).
 *
 * A sequence that is only an end token of the run is passed over, so that it cannot keep a text from ending. An id outside
 * the vocabulary is an error when the stage is applied.
 *
 * Example: text ... 4, words [[4, 9], [8]]: removes 9 and 8.
 */
export function badWords(options: BadWordsOptions): HostSampler {
  checkOptionNames('badWords', options, ['words', 'needs']);
  const needs = checkNeeds('badWords', options.needs);
  const words = checkSequences('badWords', 'words', options.words);
  const ids = new Set(words.flat());
  return {
    name: 'bad-words',
    parameters: { words, needs },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, { history, eosTokenIds }) => {
      refuseOutside('badWords', 'words', ids, logits.length);
      for (const word of words) {
        const last = word.at(-1)!;
        if (word.length === 1 && eosTokenIds.includes(last)) continue;
        if (isBegun(history.tokens, word, needs)) logits[last] = -Infinity;
      }
    },
  };
}

/** Words as {@link BadWordsOptions} wants them, from texts: each with and without a space before it, as vLLM does. */
export function badWordTokens(tokenizer: Tokenizer, texts: readonly string[]): number[][] {
  const found = new Map<string, number[]>();
  for (const text of texts) {
    if (text === '') continue;
    for (const spelling of [text, ` ${text.trimStart()}`]) {
      const ids = tokenizer.encode(spelling, { addSpecialTokens: false });
      if (ids.length > 0) found.set(ids.join(), ids);
    }
  }
  return [...found.values()];
}
