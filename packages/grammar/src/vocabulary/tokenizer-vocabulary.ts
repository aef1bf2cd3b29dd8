import type { Tokenizer } from '@tokenwright/core';
import { createVocabulary, type Vocabulary } from './vocabulary.ts';

/** What tokenizers of `@tokenwright/loaders` have besides the contract. */
interface SpelledTokenizer extends Tokenizer {
  idToToken(id: number): string | undefined;
  readonly specialIds: readonly number[];
}

/**
 * The tokens of a tokenizer as bytes. Three kinds are known: byte-level vocabularies (GPT-2, Llama 3, Qwen), SentencePiece
 * vocabularies with bytes such as `<0x0A>` (Llama 2, Gemma), and others, whose tokens are decoded one by one. In the last
 * kind, a token that holds a part of a character has no bytes, so no grammar can use it.
 *
 * It is computed once for each tokenizer.
 *
 * @example
 * ```ts
 * const vocabulary = tokenizerVocabulary(tokenizer);
 * ```
 */
export function tokenizerVocabulary(tokenizer: Tokenizer): Vocabulary {
  let vocabulary = cache.get(tokenizer);
  if (vocabulary === undefined) {
    vocabulary = createVocabulary(tokenizerBytes(tokenizer));
    cache.set(tokenizer, vocabulary);
  }
  return vocabulary;
}

const cache = new WeakMap<Tokenizer, Vocabulary>();
const encoder = new TextEncoder();
const noBytes = new Uint8Array();

/** The bytes that each token adds to a text, by id. Empty for control tokens. */
export function tokenizerBytes(tokenizer: Tokenizer): Uint8Array[] {
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  if (!isSpelled(tokenizer)) return decoded(tokenizer);
  const special = new Set(tokenizer.specialIds);
  const spellings = ids.map((id) => (special.has(id) ? undefined : tokenizer.idToToken(id)));
  // A byte-level vocabulary writes a space as 'Ġ'. SentencePiece writes it as '▁', and a missing character as bytes.
  const probe = tokenizer.encode('a b\nc', { addSpecialTokens: false }).map((id) => tokenizer.idToToken(id) ?? '');
  const rejoined = probe.join('');
  if (rejoined.includes('\u0120') && rejoined.includes('\u010a'))
    return spellings.map((spelling, id) => (spelling === undefined ? noBytes : byteLevel(spelling, tokenizer, id)));
  if (
    rejoined.includes('\u2581') &&
    tokenizer.decode(tokenizer.encode('a b', { addSpecialTokens: false })).endsWith('a b')
  )
    return spellings.map((spelling) => (spelling === undefined ? noBytes : sentencePiece(spelling)));
  return decoded(tokenizer);
}

function isSpelled(tokenizer: Tokenizer): tokenizer is SpelledTokenizer {
  return 'idToToken' in tokenizer && 'specialIds' in tokenizer;
}

/** GPT-2 writes each byte as one printable character. */
const byteOf: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => !isPrintable(byte))
    .map((byte, i): [string, number] => [String.fromCharCode(256 + i), byte])
    .concat(
      Array.from({ length: 256 }, (_, byte) => byte)
        .filter(isPrintable)
        .map((byte): [string, number] => [String.fromCharCode(byte), byte]),
    ),
);

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

function byteLevel(spelling: string, tokenizer: Tokenizer, id: number): Uint8Array {
  const bytes: number[] = [];
  for (const character of spelling) {
    const byte = byteOf.get(character);
    // An added token is spelled as it is.
    if (byte === undefined) return encoder.encode(tokenizer.decode([id]));
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function sentencePiece(spelling: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(spelling);
  if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
  return encoder.encode(spelling.replaceAll('\u2581', ' '));
}

/** Each token after an ordinary one, because some tokenizers drop the first space of a text. */
function decoded(tokenizer: Tokenizer): Uint8Array[] {
  const before = tokenizer.encode('a', { addSpecialTokens: false });
  const start = tokenizer.decode(before);
  return Array.from({ length: tokenizer.vocabSize }, (_, id) => {
    const text = tokenizer.decode([...before, id]);
    const added = text.startsWith(start) ? text.slice(start.length) : tokenizer.decode([id]);
    return added.includes('\ufffd') ? noBytes : encoder.encode(added);
  });
}
