/** The character that byte-level vocabularies write for each byte (GPT-2, Radford et al. 2019): printable ones stand for themselves. */
export const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const bytesByCharacter: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);
const encoder = new TextEncoder();

/** A text as the characters of its UTF-8 bytes. */
export function toByteCharacters(text: string): string {
  let plain = true;
  for (let i = 0; i < text.length && plain; i++) {
    const code = text.charCodeAt(i);
    plain = code >= 33 && code <= 126;
  }
  if (plain) return text;
  const bytes = encoder.encode(text);
  let result = '';
  for (const byte of bytes) result += byteCharacters[byte]!;
  return result;
}

/** The bytes that tokens stand for; a token with another character is text. */
export function bytesOfTokens(tokens: readonly string[]): Uint8Array {
  const all: number[] = [];
  for (const token of tokens) {
    const start = all.length;
    for (const character of token) {
      const byte = bytesByCharacter.get(character);
      if (byte === undefined) {
        all.length = start;
        for (const one of encoder.encode(token)) all.push(one);
        break;
      }
      all.push(byte);
    }
  }
  return Uint8Array.from(all);
}
