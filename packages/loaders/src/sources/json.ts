import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from './byte-source.ts';

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Largest JSON text that is read, in bytes. Real headers and tokenizers are smaller by far. */
export const largestJson = 100_000_000;

/**
 * Read a file that holds one JSON object.
 *
 * @throws LoadError when it is too large, no UTF-8, no JSON, no object, or when an object in it has a key twice.
 */
export async function readJson(source: ByteSource): Promise<JsonObject> {
  if (source.size > largestJson)
    throw new LoadError(source.name, `has ${source.size} bytes; a JSON file of at most ${largestJson} is read`);
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

/** A JSON object from text. A key that occurs twice in one object is an error: readers differ in which one they use. */
export function parseJsonObject(file: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
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
  const twice = duplicateKey(file, text);
  if (twice !== undefined) throw new LoadError(file, 'the name occurs twice', twice);
  return value;
}

/** True for a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects and lists within each other. Real files stay below 20; what follows the structure would run out of stack. */
const deepest = 200;

/**
 * The first key that occurs twice in one object of a text that is known to be valid JSON.
 *
 * @throws LoadError for a text that is nested too deep.
 */
function duplicateKey(file: string, json: string): string | undefined {
  // One entry an open object or array; the set is made with the first key.
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '{' || char === '[') {
      open.push(undefined);
      if (open.length > deepest) throw new LoadError(file, `is nested more than ${deepest} deep`);
    } else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const start = i++;
      while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
      let next = i + 1;
      while (' \t\n\r'.includes(json[next] ?? '-')) next++;
      if (json[next] !== ':') continue;
      const key = JSON.parse(json.slice(start, i + 1)) as string;
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
