import type { Tokenizer } from '@tokenwright/core';
import { createVocabulary, tokenizerBytes, tokenizerVocabulary, type Vocabulary } from '@tokenwright/grammar';
import { tokenMark } from '../marked-tokens.ts';

const known = new WeakMap<Tokenizer, Map<string, Vocabulary>>();
const encoder = new TextEncoder();
const [markByte] = encoder.encode(tokenMark);

/** The tokens as bytes, in which special tokens are their spelling after a mark. Other tokens with the mark have no bytes. */
export function markedVocabulary(tokenizer: Tokenizer, texts: ReadonlyMap<number, string>): Vocabulary {
  if (texts.size === 0) return tokenizerVocabulary(tokenizer);
  const of = known.get(tokenizer) ?? new Map<string, Vocabulary>();
  known.set(tokenizer, of);
  const key = JSON.stringify([...texts]);
  let vocabulary = of.get(key);
  if (vocabulary === undefined) {
    const bytes = tokenizerBytes(tokenizer).map((own, id) => {
      const text = texts.get(id);
      if (text !== undefined) return encoder.encode(tokenMark + text);
      return own.includes(markByte!) ? new Uint8Array() : own;
    });
    vocabulary = createVocabulary(bytes);
    of.set(key, vocabulary);
  }
  return vocabulary;
}
