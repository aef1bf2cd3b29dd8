import { isObject, type JsonObject } from '../../sources/json.ts';
import { bytesOfTokens } from './byte-characters.ts';
import { patternOf, replaced } from './fields.ts';

/** Turns tokens into texts, which are joined in the end. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

/** A decoder of tokenizer.json, whose fields were checked. Throws PartError. */
export function decoderOf(part: JsonObject): Decoder {
  return makers[part.type as string]!(part);
}

// A byte order mark is a character like others.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

const makers: Readonly<Record<string, (part: JsonObject) => Decoder>> = {
  Sequence: ({ decoders }) => {
    const all = (decoders as JsonObject[]).filter(isObject).map(decoderOf);
    return (tokens) => all.reduce((result, one) => one(result), tokens);
  },
  ByteLevel: () => (tokens) => [utf8.decode(bytesOfTokens(tokens))],
  Fuse: () => (tokens) => [tokens.join('')],
  ByteFallback: () => byteFallback,
  Metaspace: ({ replacement, prepend_scheme: scheme, add_prefix_space: prefix }) => {
    const drops = scheme !== 'never' && prefix !== false;
    return (tokens) => tokens.map((token, i) => token.replaceAll(replacement as string, i === 0 && drops ? '' : ' '));
  },
  WordPiece: ({ prefix, cleanup }) => {
    return (tokens) =>
      tokens.map((token, i) => {
        let text = token;
        if (i > 0) text = token.startsWith(prefix as string) ? token.slice((prefix as string).length) : ` ${token}`;
        return cleanup === false ? text : cleaned(text);
      });
  },
  BPEDecoder: ({ suffix = '</w>' }) => {
    return (tokens) => tokens.map((token, i) => token.replaceAll(suffix as string, i === tokens.length - 1 ? '' : ' '));
  },
  Replace: (part) => {
    const matches = patternOf(part);
    return (tokens) => tokens.map((token) => replaced(token, matches, part.content as string));
  },
  Strip: ({ content, start, stop }) => {
    return (tokens) =>
      tokens.map((token) => {
        const characters = Array.from(token);
        let first = 0;
        while (first < (start as number) && characters[first] === content && first < characters.length) first++;
        let last = characters.length;
        for (let i = 0; i < (stop as number) && last > first && characters[last - 1] === content; i++) last--;
        return characters.slice(first, last).join('');
      });
  },
};

/**
 * Tokens of bytes as the text of these bytes. An incomplete character becomes U+FFFD, and complete ones beside it stay. (The Rust
 * library writes one U+FFFD per byte for the whole run, complete characters included, which cannot be streamed.)
 */
function byteFallback(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) texts.push(utf8.decode(Uint8Array.from(bytes)));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte !== null) bytes.push(Number.parseInt(byte[1]!, 16));
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function cleaned(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
