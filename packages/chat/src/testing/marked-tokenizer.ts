import type { Tokenizer } from '@tokenwright/core';

/** With the spellings of a byte-level vocabulary, as tokenizers of the loaders have them. */
export interface TestTokenizer extends Tokenizer {
  idToToken(id: number): string | undefined;
  readonly specialIds: readonly number[];
  /** Ends a reply. */
  readonly eosId: number;
}

/**
 * Bytes, and tokens for some texts.
 *
 * @param texts tokens of several characters.
 * @param special whether these are special tokens, which a text leaves out.
 */
export function markedTokenizer(texts: readonly string[], special: boolean): TestTokenizer {
  const all = [...texts, '<|eos|>'];
  const idOf = new Map(all.map((text, at) => [text, 256 + at]));
  const eosId = idOf.get('<|eos|>')!;
  const longest = [...all].sort((a, b) => b.length - a.length);
  const isSpecial = (id: number): boolean => id === eosId || (special && id >= 256);
  return {
    vocabSize: 256 + all.length,
    eosId,
    specialIds: all.map((_, at) => 256 + at).filter(isSpecial),
    idToToken: (id) => (id < 256 ? byteText(id) : byteTexts(all[id - 256]!)),
    encode(text) {
      const ids: number[] = [];
      for (let at = 0; at < text.length; ) {
        const token = longest.find((one) => text.startsWith(one, at));
        if (token !== undefined) {
          ids.push(idOf.get(token)!);
          at += token.length;
        } else {
          const character = String.fromCodePoint(text.codePointAt(at)!);
          ids.push(...new TextEncoder().encode(character));
          at += character.length;
        }
      }
      return ids;
    },
    decode(ids, { skipSpecialTokens = true } = {}) {
      const bytes = Array.from(ids).flatMap((id) => {
        if (id < 256) return [id];
        return skipSpecialTokens && isSpecial(id) ? [] : [...new TextEncoder().encode(all[id - 256]!)];
      });
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
  };
}

/** GPT-2 writes each byte as one printable character. */
function byteText(byte: number): string {
  const isPrintable = (one: number): boolean =>
    (one >= 0x21 && one <= 0x7e) || (one >= 0xa1 && one <= 0xac) || one >= 0xae;
  if (isPrintable(byte)) return String.fromCharCode(byte);
  let before = 0;
  for (let one = 0; one < byte; one++) if (!isPrintable(one)) before++;
  return String.fromCharCode(256 + before);
}

function byteTexts(text: string): string {
  return Array.from(new TextEncoder().encode(text), byteText).join('');
}
