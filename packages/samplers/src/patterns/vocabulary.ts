import type { Tokenizer } from '@tokenwright/core';
import { checkInteger, checkTokenizer } from '@tokenwright/core/options';

/**
 * The text that each token adds to a text: [vocabSize]. '' for control tokens. A token that holds only a part of a
 * character's bytes has U+FFFD in its text, and no constraint on text can use it.
 *
 * It decodes each id once, after an ordinary token, because some tokenizers drop the first space of a text. The list is
 * kept for the tokenizer.
 *
 * @example
 * ```ts
 * regex({ pattern: '[0-9]+', texts: vocabularyTexts(tokenizer) });
 * ```
 */
export function vocabularyTexts(tokenizer: Tokenizer): readonly string[] {
  checkTokenizer('vocabularyTexts', tokenizer);
  let texts = cache.get(tokenizer);
  if (texts === undefined) {
    const vocabSize = checkInteger('vocabularyTexts', 'tokenizer: vocabSize', tokenizer.vocabSize, 0, 2 ** 31 - 1);
    const textOf = tokenTexts(tokenizer);
    texts = Array.from({ length: vocabSize }, (_, id) => textOf(id));
    cache.set(tokenizer, texts);
  }
  return texts;
}

const cache = new WeakMap<Tokenizer, readonly string[]>();

/**
 * The text that a token adds to a text, as in `vocabularyTexts`, for one id at a time. `tokenizer.decode([id])` gives
 * another text with tokenizers that drop the first space of a text.
 *
 * @param options.skipSpecialTokens Whether the text of a control token is ''. Default true.
 *
 * @example
 * ```ts
 * const textOf = tokenTexts(tokenizer);
 * ids.map(textOf).join('|'); // 'Once| upon| a| time'
 * ```
 */
export function tokenTexts(
  tokenizer: Tokenizer,
  options: { readonly skipSpecialTokens?: boolean } = {},
): (id: number) => string {
  const before = tokenizer.encode('a', { addSpecialTokens: false });
  const start = tokenizer.decode(before, options);
  return (id) => {
    const text = tokenizer.decode([...before, id], options);
    return text.startsWith(start) ? text.slice(start.length) : tokenizer.decode([id], options);
  };
}

/** True for a text that a constraint on characters can use. */
export function isReadable(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !text.includes('\ufffd');
}
