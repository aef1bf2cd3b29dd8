import { ParameterError } from '@tokenwright/core';
import { checkList, isInstance } from '@tokenwright/core/options';
import { createTrie, type TokenTrie } from './token-trie.ts';

/** What a grammar needs to know about the tokens of a model. */
export interface Vocabulary {
  readonly size: number;
  /** The bytes that a token adds to a text, by id. Empty for control tokens. */
  readonly bytes: readonly Uint8Array[];
  /** All tokens. */
  readonly trie: TokenTrie;
  /** The tokens that are not in `plain`. */
  readonly rest: TokenTrie;
  /** The largest number of bytes of a token. */
  readonly longest: number;
  /** The largest number of characters of a plain token. */
  readonly longestPlain: number;
  /**
   * Bits of the plain tokens of at most `characters` characters. A plain token has whole characters only, and a JSON string
   * can hold each as it is.
   */
  plain(characters: number): Uint32Array;
}

/**
 * A vocabulary from the bytes of its tokens, for a tokenizer that `tokenizerVocabulary` does not know.
 *
 * @param bytes the bytes of each token, by id; empty for a control token.
 * @throws ParameterError for anything but a list of Uint8Arrays.
 * @example
 * ```ts
 * const vocabulary = createVocabulary(['{', '}', ''].map((text) => new TextEncoder().encode(text)));
 * ```
 */
export function createVocabulary(bytes: readonly Uint8Array[]): Vocabulary {
  const item = (token: unknown, at: number): Uint8Array => {
    if (isInstance(token, Uint8Array)) return token;
    throw new ParameterError('createVocabulary', `bytes[${at}]`, 'a Uint8Array', token);
  };
  checkList('createVocabulary', 'bytes', bytes, 'a list of Uint8Arrays', { item });
  const characters = bytes.map(plainCharacters);
  const longestPlain = characters.reduce((most, count) => Math.max(most, count), 0);
  const words = Math.ceil(bytes.length / 32);
  const masks = new Map<number, Uint32Array>();
  return {
    size: bytes.length,
    bytes,
    trie: createTrie(bytes),
    rest: createTrie(bytes, (id) => characters[id] === 0),
    longest: bytes.reduce((most, { length }) => Math.max(most, length), 0),
    longestPlain,
    plain(given) {
      const most = Math.min(given, longestPlain);
      let mask = masks.get(most);
      if (mask === undefined) {
        mask = new Uint32Array(words);
        for (let id = 0; id < characters.length; id++)
          if (characters[id]! > 0 && characters[id]! <= most) mask[id >>> 5]! |= 1 << (id & 31);
        masks.set(most, mask);
      }
      return mask;
    },
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The number of characters of a plain token; 0 for another. */
function plainCharacters(bytes: Uint8Array): number {
  let special = false;
  let ascii = true;
  for (const byte of bytes) {
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) special = true;
    if (byte > 0x7f) ascii = false;
  }
  if (special) return 0;
  if (ascii) return bytes.length;
  try {
    let count = 0;
    for (const _ of decoder.decode(bytes)) count++;
    return count;
  } catch {
    return 0;
  }
}
