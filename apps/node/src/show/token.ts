import type { LoadedTokenizer } from '@tokenwright/loaders';

/** A token as a person can read it: its text, or its spelling in the vocabulary when it has no text of its own. */
export function tokenText(tokenizer: LoadedTokenizer, id: number): string {
  const text = tokenizer.decode([id], { skipSpecialTokens: false });
  return text === '' || text.includes('\ufffd') ? (tokenizer.idToToken(id) ?? `#${id}`) : text;
}

/** The same in quotes, so that its spaces show. */
export function quoted(tokenizer: LoadedTokenizer, id: number): string {
  return JSON.stringify(tokenText(tokenizer, id));
}
