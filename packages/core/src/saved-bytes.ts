import { CacheError } from './errors.ts';

/**
 * A format of saved bytes: four letters, a version and the length of a JSON header (two little-endian uint32), the header as UTF-8, and
 * then a body that the header describes.
 */
export interface SavedFormat {
  /** What is saved, for errors: 'cache' gives "The serialized cache …". */
  readonly content: string;
  /** Four ASCII letters. */
  readonly letters: string;
  /** Bytes of another version are refused. */
  readonly version: number;
}

/** Length of what is in front of the header. */
const preamble = 12;

/**
 * Bytes with their preamble and header, and zeros for a body.
 *
 * @returns `body` is the part of `bytes` that is to be filled.
 */
export function savedBytes(
  { letters, version }: SavedFormat,
  header: object,
  bodyLength: number,
): { readonly bytes: Uint8Array; readonly body: Uint8Array } {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(preamble + json.length + bodyLength);
  bytes.set(new TextEncoder().encode(letters));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, version, true);
  view.setUint32(8, json.length, true);
  bytes.set(json, preamble);
  return { bytes, body: bytes.subarray(preamble + json.length) };
}

/** True when the bytes begin with the letters of a format. */
export function hasLetters({ letters }: SavedFormat, bytes: Uint8Array): boolean {
  return bytes.length >= preamble && Array.from(letters).every((letter, i) => bytes[i] === letter.charCodeAt(0));
}

/**
 * Header and body of saved bytes. What the header holds is for the caller to check.
 *
 * @throws CacheError when the bytes are of another format or version, are truncated within the header, or have a header that is not a
 * JSON object.
 */
export function readSavedBytes(
  format: SavedFormat,
  bytes: Uint8Array,
): { readonly header: Readonly<Record<string, unknown>>; readonly body: Uint8Array } {
  const { content, letters, version } = format;
  if (!hasLetters(format, bytes))
    throw new CacheError(`These bytes are not a serialized ${content}: the first four must be ${letters}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(4, true);
  if (found !== version)
    throw new CacheError(`The serialized ${content} has version ${found}; ${version} is supported.`);
  const length = view.getUint32(8, true);
  if (length > bytes.length - preamble)
    throw new CacheError(
      `The serialized ${content} is truncated: its header needs ${length} bytes, but ${bytes.length - preamble} are left.`,
    );
  const json = bytes.subarray(preamble, preamble + length);
  return { header: headerOf(content, json), body: bytes.subarray(preamble + length) };
}

function headerOf(content: string, json: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw new CacheError(`The header of the serialized ${content} is not JSON.`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new CacheError(`The header of the serialized ${content} is not a JSON object.`);
  return header as Readonly<Record<string, unknown>>;
}
