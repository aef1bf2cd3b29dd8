import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from './byte-source.ts';

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Largest JSON text that is read, in bytes. Real headers and tokenizers are smaller by far. */
export const largestJson = 100_000_000;
/** Largest config.json or generation_config.json, in bytes. Real ones have a few kilobytes. */
export const largestConfig = 10_000_000;
/** Objects and arrays within each other. Real files stay below 20. */
const deepest = 200;
/**
 * Objects, arrays and keys of one text. The largest real tokenizers have about a million and a half. An empty object takes two bytes of
 * a file and many times that in memory, so the size of the file alone bounds nothing.
 */
const mostParts = 3_000_000;

/**
 * Read a file that holds one JSON object.
 *
 * @param largest Largest size in bytes. Default 100 MB.
 * @throws LoadError when it is too large, no UTF-8, no JSON, no object, when it is nested too deep or has too many parts, or
 * when an object in it has a key twice.
 */
export async function readJson(source: ByteSource, largest: number = largestJson): Promise<JsonObject> {
  if (source.size > largest)
    throw new LoadError(source.name, `has ${source.size} bytes; a JSON file of at most ${largest} is read`);
  return parseJsonObject(source.name, decodeUtf8(source.name, await readRange(source, 0, source.size)));
}

/** Strict UTF-8 to text; a byte order mark in front is dropped. */
export function decodeUtf8(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LoadError(file, 'the text is not valid UTF-8', undefined, { cause });
  }
}

/**
 * A JSON object from text. `NaN`, `Infinity` and `-Infinity` are read as numbers, because Python writes them. A key that occurs
 * twice in one object is an error: readers differ in which one they use.
 *
 * @param most Objects, arrays and keys of the text. Default 3 million.
 */
export function parseJsonObject(file: string, text: string, most: number = mostParts): JsonObject {
  // Before anything is built of it: a text of brackets alone would take many times its size.
  const constants = scanStructure(file, text, most);
  let value: unknown;
  try {
    value = constants.length === 0 ? JSON.parse(text) : parseWithConstants(text, constants);
  } catch (cause) {
    throw new LoadError(
      file,
      `is not valid JSON (${cause instanceof Error ? cause.message : String(cause)})`,
      undefined,
      {
        cause,
      },
    );
  }
  if (!isObject(value)) throw new LoadError(file, 'must hold a JSON object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new LoadError(file, 'the name occurs twice', twice);
  return value;
}

/** JSON text of a value. Numbers that JSON lacks are written as Python writes them, so that `parseJsonObject` reads them again. */
export function formatJson(value: unknown, indent: number = 2): string {
  const mark = `#${crypto.randomUUID()}#`;
  const text = JSON.stringify(
    value,
    (_, part) => (typeof part === 'number' && !Number.isFinite(part) ? `${mark}${part}` : part),
    indent,
  );
  return text.replaceAll(new RegExp(`"${mark}(NaN|-?Infinity)"`, 'g'), '$1');
}

/** A value of a file for an error: as JSON, shortened. */
export function shownJson(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value) && value.length > 20) return `a list of ${value.length}`;
  if (isObject(value) && Object.keys(value).length > 20) return `an object with ${Object.keys(value).length} keys`;
  const json = formatJson(value, 0);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

/** True for a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A constant of Python's JSON, and where it begins in the text. */
interface PythonConstant {
  readonly at: number;
  readonly text: 'NaN' | 'Infinity';
}

/**
 * The constants of Python's JSON in a text, outside its strings.
 *
 * @throws LoadError for a text that is nested too deep or has too many parts.
 */
function scanStructure(file: string, text: string, most: number): PythonConstant[] {
  const constants: PythonConstant[] = [];
  let depth = 0;
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quote: {
        i++;
        while (i < text.length && text.charCodeAt(i) !== quote) i += text.charCodeAt(i) === backslash ? 2 : 1;
        break;
      }
      case openBrace:
      case openBracket:
        depth++;
        parts++;
        if (depth > deepest) throw new LoadError(file, `is nested more than ${deepest} deep`);
        break;
      case closeBrace:
      case closeBracket:
        depth--;
        break;
      case colon:
        parts++;
        break;
      case letterN:
        if (isWord(text, i, 'NaN')) constants.push({ at: i, text: 'NaN' });
        break;
      case letterI:
        if (isWord(text, i, 'Infinity')) constants.push({ at: i, text: 'Infinity' });
        break;
    }
    if (parts > most) throw new LoadError(file, `has more than ${most} objects, arrays and keys`);
    if (constants.length > mostConstants)
      throw new LoadError(file, `has more than ${mostConstants} values that are NaN or Infinity`);
  }
  return constants;
}

/** Whether a word of its own is there: no letter or digit touches it. */
function isWord(text: string, at: number, word: string): boolean {
  return text.startsWith(word, at) && !/[\w.]/.test((text[at - 1] ?? ' ') + (text[at + word.length] ?? ' '));
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const [letterN, letterI] = [0x4e, 0x49];
const mostConstants = 10_000;

/** Parses a text with each constant replaced by JSON: a number that is too large for a double, or a text that no file has. */
function parseWithConstants(text: string, constants: readonly PythonConstant[]): unknown {
  const notANumber = `NaN ${crypto.randomUUID()}`;
  const pieces: string[] = [];
  let from = 0;
  for (const { at, text: constant } of constants) {
    pieces.push(text.slice(from, at), constant === 'NaN' ? JSON.stringify(notANumber) : '1e999');
    from = at + constant.length;
  }
  pieces.push(text.slice(from));
  return JSON.parse(pieces.join(''), (_, value) => (value === notANumber ? Number.NaN : value));
}

/** The first key that occurs twice in one object of a text that is known to be valid JSON. */
function duplicateKey(json: string): string | undefined {
  // One entry an open object or array; the set is made with the first key.
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === openBrace || code === openBracket) open.push(undefined);
    else if (code === closeBrace || code === closeBracket) open.pop();
    else if (code === quote) {
      const start = i++;
      let isEscaped = false;
      for (; json.charCodeAt(i) !== quote; i++)
        if (json.charCodeAt(i) === backslash) {
          isEscaped = true;
          i++;
        }
      let next = i + 1;
      while (isSpace(json.charCodeAt(next))) next++;
      if (json.charCodeAt(next) !== colon) continue;
      const key = isEscaped ? (JSON.parse(json.slice(start, i + 1)) as string) : json.slice(start + 1, i);
      let keys = open.at(-1);
      if (keys === undefined) {
        keys = new Set();
        open[open.length - 1] = keys;
      }
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
