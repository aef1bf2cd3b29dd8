import { PartError } from './fields.ts';

/**
 * SentencePiece's own normalizer: a double-array trie of UTF-8 texts, and a pool of what they become.
 *
 * At each character the longest text of the trie is replaced, as in SentencePiece and llama.cpp, by which the models were trained.
 * (The Rust library looks up whole grapheme clusters of fewer than 6 bytes and takes their shortest match, which loses marks.)
 *
 * @throws PartError when the map does not have this layout.
 */
export function precompiled(base64: string): (text: string) => string {
  const bytes = bytesOf(base64);
  const view = new DataView(bytes.buffer);
  const fail = (problem: string): PartError => new PartError('precompiled_charsmap', problem);
  if (bytes.length < 4) throw fail('is too short');
  const size = view.getUint32(0, true);
  if (size % 4 !== 0 || size + 4 > bytes.length) throw fail(`says that its trie has ${size} bytes`);
  const units = new Uint32Array(size / 4);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + i * 4, true);
  const pool = bytes.subarray(4 + size);
  const texts = new Map<number, string>();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  const textAt = (at: number): string => {
    let text = texts.get(at);
    if (text === undefined) {
      if (at >= pool.length) throw fail('refers to a text beyond its end');
      const end = pool.indexOf(0, at);
      text = decoder.decode(pool.subarray(at, end < 0 ? pool.length : end));
      texts.set(at, text);
    }
    return text;
  };

  return (text) => {
    if (units.length === 0 || text === '') return text;
    const input = encoder.encode(text);
    let result = '';
    let copied = 0;
    const copy = (end: number): void => {
      if (end > copied) result += decoder.decode(input.subarray(copied, end));
    };
    for (let at = 0; at < input.length; ) {
      let node = offsetOf(units[0]!);
      let length = 0;
      let value = 0;
      for (let i = at; i < input.length; i++) {
        const byte = input[i]!;
        node ^= byte;
        const unit = units[node];
        // The label of a unit is its lowest byte, with the highest bit set for a value.
        if (unit === undefined || (unit & 0x800000ff) !== byte) break;
        node ^= offsetOf(unit);
        if ((unit & 0x100) !== 0) {
          const leaf = units[node];
          if (leaf === undefined) break;
          length = i + 1 - at;
          value = leaf & 0x7fffffff;
        }
      }
      if (length > 0) {
        copy(at);
        result += textAt(value);
        at += length;
        copied = at;
      } else {
        at++;
        while (at < input.length && (input[at]! & 0xc0) === 0x80) at++;
      }
    }
    copy(input.length);
    return result;
  };
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    throw new PartError('precompiled_charsmap', 'is not Base64');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
