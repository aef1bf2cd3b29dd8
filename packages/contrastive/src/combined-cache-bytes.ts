import { CacheError } from '@tokenwright/core';
import { hasLetters, readSavedBytes, type SavedFormat, savedBytes } from '@tokenwright/core/model';

/** What a serialized cache of a combined model holds. */
export interface CombinedCacheParts {
  readonly origins: readonly number[];
  readonly promptLengths: readonly number[];
  /** The caches of the expert and of the others, serialized. */
  readonly caches: readonly Uint8Array[];
}

/** The header has origins, prompt lengths and the lengths of the caches in bytes; the body is the caches, end to end. */
const format: SavedFormat = { content: 'cache of a combined model', letters: 'TWCC', version: 1 };

export function writeCombined({ origins, promptLengths, caches }: CombinedCacheParts): Uint8Array {
  const lengths = caches.map(({ length }) => length);
  const { bytes, body } = savedBytes(
    format,
    { origins, promptLengths, lengths },
    lengths.reduce((sum, length) => sum + length, 0),
  );
  let at = 0;
  for (const cache of caches) {
    body.set(cache, at);
    at += cache.length;
  }
  return bytes;
}

/**
 * The parts that `writeCombined` wrote, or an earlier version of the library.
 *
 * @param count how many caches the model has.
 * @throws CacheError when the bytes are damaged, or of a model with another number of caches.
 */
export function readCombined(bytes: Uint8Array, count: number): CombinedCacheParts {
  const { notes, lengths, body } = hasLetters(format, bytes) ? readCurrent(bytes) : readFirst(bytes, count);
  if (lengths.length !== count) throw refusal(`they hold ${lengths.length} caches instead of ${count}`);
  const { origins, promptLengths } = notes;
  if (!isIntegers(origins) || !isIntegers(promptLengths)) throw refusal('the header is not valid');
  if (lengths.reduce((sum, length) => sum + length, 0) > body.length) throw refusal('they are truncated');
  let at = 0;
  const caches = lengths.map((length) => {
    at += length;
    return body.subarray(at - length, at);
  });
  return { origins, promptLengths, caches };
}

/** A header, the lengths of the caches, and the caches. */
interface Read {
  readonly notes: Readonly<Record<string, unknown>>;
  readonly lengths: readonly number[];
  readonly body: Uint8Array;
}

function readCurrent(bytes: Uint8Array): Read {
  const { header, body } = readSavedBytes(format, bytes);
  const { lengths } = header;
  if (!isIntegers(lengths)) throw refusal('the header is not valid');
  return { notes: header, lengths, body };
}

/**
 * The first form, without letters in front: the number of caches and the lengths of the header and of each cache (little-endian uint32), a
 * JSON header with the name of the form, and the caches.
 */
function readFirst(bytes: Uint8Array, count: number): Read {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 * (count + 2);
  if (bytes.length < start) throw refusal('they are truncated');
  const found = view.getUint32(0, true);
  if (found !== count) throw refusal(`they hold ${found} caches instead of ${count}`);
  const end = start + view.getUint32(4, true);
  if (end > bytes.length) throw refusal('they are truncated');
  const notes = parsed(bytes.subarray(start, end));
  if (notes.format !== 'tokenwright combined cache 1') throw refusal('the header is not valid');
  const lengths = Array.from({ length: count }, (_, i) => view.getUint32(4 * (i + 2), true));
  return { notes, lengths, body: bytes.subarray(end) };
}

function parsed(notes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(notes))) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function isIntegers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((number) => Number.isSafeInteger(number) && number >= 0);
}

function refusal(problem: string): CacheError {
  return new CacheError(`These bytes are not a serialized cache of this combined model: ${problem}.`);
}
