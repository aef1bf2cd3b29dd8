import { isObject, type JsonObject } from '../../sources/json.ts';
import { type CodeSet, whiteSpace } from '../patterns/code-set.ts';
import { toByteCharacters } from './byte-characters.ts';
import { patternOf, replaced } from './fields.ts';
import { controls, marks, nonspacingMarks } from './older-unicode.ts';
import { precompiled } from './precompiled.ts';

/** Rewrites a text before it is cut. */
export type Normalizer = (text: string) => string;

/** A normalizer of tokenizer.json, whose fields were checked. Throws PartError. */
export function normalizerOf(part: JsonObject): Normalizer {
  const make = makers[part.type as string]!;
  return make(part);
}

const makers: Readonly<Record<string, (part: JsonObject) => Normalizer>> = {
  Sequence: ({ normalizers }) => {
    const all = (normalizers as JsonObject[]).filter(isObject).map(normalizerOf);
    return (text) => all.reduce((result, one) => one(result), text);
  },
  BertNormalizer: bert,
  Precompiled: ({ precompiled_charsmap: map }) => (typeof map === 'string' ? precompiled(map) : (text) => text),
  Replace: (part) => {
    const matches = patternOf(part);
    return (text) => replaced(text, matches, part.content as string);
  },
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Nmt: () => nmt,
  Strip: ({ strip_left: left, strip_right: right }) => {
    return (text) => strip(text, left !== false, right !== false);
  },
  StripAccents: () => (text) => without(text, marks),
  Lowercase: () => lowercase,
  Prepend: ({ prepend }) => {
    return (text) => (text === '' ? '' : (prepend as string) + text);
  },
  ByteLevel: () => toByteCharacters,
};

function without(text: string, removed: CodeSet): string {
  let result = '';
  for (const character of text) if (!removed.has(character.codePointAt(0)!)) result += character;
  return result;
}

function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  // White space is in the basic plane, so one unit is one character.
  if (left) while (start < end && whiteSpace.has(text.charCodeAt(start))) start++;
  if (right) while (end > start && whiteSpace.has(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Character by character: a final sigma is like any other. */
function lowercase(text: string): string {
  let result = '';
  for (const character of text) result += character.toLowerCase();
  return result;
}

/** Control characters that Nmt removes: inclusive ranges. */
const nmtRemoved = [[1, 8], [0x0b], [0x0e, 0x1f], [0x7f], [0x8f], [0x9f]] as const;
/** What Nmt takes for a space: inclusive ranges. */
const nmtSpaces = [
  [9, 10],
  [12, 13],
  [0x1680],
  [0x200b, 0x200f],
  [0x2028, 0x2029],
  [0x2581],
  [0xfeff],
  [0xfffd],
] as const;

function within(code: number, ranges: readonly (readonly number[])[]): boolean {
  return ranges.some(([first, last = first]) => code >= first! && code <= last!);
}

/** SentencePiece's rules for machine translation: no control characters, and plain spaces. */
function nmt(text: string): string {
  let result = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (!within(code, nmtRemoved)) result += within(code, nmtSpaces) ? ' ' : character;
  }
  return result;
}

function isChinese(code: number): boolean {
  return (
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0x20000 && code <= 0x2a6df) ||
    (code >= 0x2a700 && code <= 0x2b73f) ||
    (code >= 0x2b740 && code <= 0x2b81f) ||
    (code >= 0x2b920 && code <= 0x2ceaf) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x2f800 && code <= 0x2fa1f)
  );
}

function bert(part: JsonObject): Normalizer {
  const cleans = part.clean_text !== false;
  const spaces = part.handle_chinese_chars !== false;
  const lowers = part.lowercase !== false;
  const strips = (part.strip_accents ?? lowers) === true;
  return (given) => {
    let text = '';
    for (const character of given) {
      const code = character.codePointAt(0)!;
      let kept = character;
      if (cleans) {
        const control = code === 0xfffd || (controls.has(code) && code !== 9 && code !== 10 && code !== 13);
        if (control) continue;
        if (whiteSpace.has(code)) kept = ' ';
      }
      text += spaces && isChinese(code) ? ` ${kept} ` : kept;
    }
    if (strips) text = without(text.normalize('NFD'), nonspacingMarks);
    return lowers ? lowercase(text) : text;
  };
}
