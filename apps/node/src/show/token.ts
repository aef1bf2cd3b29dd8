import type { LoadedTokenizer } from '@tokenwright/loaders';
import { tokenTexts } from '@tokenwright/samplers';

/**
 * The text that a token adds to a text. A token that has no text of its own, and a part of a character, is spelled as in the
 * vocabulary.
 */
export function tokenText(tokenizer: LoadedTokenizer, id: number): string {
  let textOf = cache.get(tokenizer);
  if (textOf === undefined) {
    textOf = tokenTexts(tokenizer, { skipSpecialTokens: false });
    cache.set(tokenizer, textOf);
  }
  const text = textOf(id);
  return text === '' || text.includes('\ufffd') ? (tokenizer.idToToken(id) ?? `#${id}`) : text;
}

const cache = new WeakMap<LoadedTokenizer, (id: number) => string>();

/** The same in quotes, so that its spaces show. */
export function quoted(tokenizer: LoadedTokenizer, id: number): string {
  return JSON.stringify(tokenText(tokenizer, id));
}
