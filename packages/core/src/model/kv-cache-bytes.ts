import type { KVStore } from '../engine/engine.ts';
import type { Dimensions } from '../engine/operations.ts';
import { CacheError } from '../errors.ts';

/**
 * A cache as bytes: 'TWKV', a version and the length of a JSON header (two little-endian uint32), the header, then for
 * each row and layer its keys and its values as little-endian float32, [slots, kvHeads * headDim].
 */
interface Header {
  readonly fingerprint: string;
  readonly dtype: 'float32';
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly tokens: readonly (readonly number[])[];
  /** The source that each row reads, for a decoder bound to sources. */
  readonly sources?: readonly number[];
}

const magic = [0x54, 0x57, 0x4b, 0x56];
const version = 1;
const preamble = 12;

/** The model properties in a serialized cache. A model without keys and values has 0 layers. */
export type CacheDimensions = Pick<Dimensions, 'layers' | 'kvHeads' | 'headDim' | 'vocabSize' | 'contextLength'>;

/** @param store undefined only when there are 0 layers. */
export async function writeCache(
  store: Pick<KVStore, 'read'> | undefined,
  tokens: readonly Int32Array[],
  fingerprint: string,
  { layers, kvHeads, headDim }: CacheDimensions,
  sources?: readonly number[],
): Promise<Uint8Array> {
  const header: Header = {
    fingerprint,
    dtype: 'float32',
    layers,
    kvHeads,
    headDim,
    tokens: tokens.map((row) => [...row]),
    ...(sources === undefined ? {} : { sources }),
  };
  const headerBytes = new TextEncoder().encode(JSON.stringify(header));
  const numbers = tokens.reduce((sum, row) => sum + row.length * 2 * layers * kvHeads * headDim, 0);
  const bytes = new Uint8Array(preamble + headerBytes.length + numbers * 4);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(4, version, true);
  view.setUint32(8, headerBytes.length, true);
  bytes.set(headerBytes, preamble);
  let at = preamble + headerBytes.length;
  for (let row = 0; row < tokens.length; row++)
    for (let layer = 0; layer < layers; layer++) {
      const { keys, values } = await store!.read(row, layer);
      for (const part of [keys, values]) {
        for (const number of part) {
          view.setFloat32(at, number, true);
          at += 4;
        }
      }
    }
  if (at !== bytes.length)
    throw new CacheError(`The cache changed while it was serialized: ${at} of ${bytes.length} bytes.`);
  return bytes;
}

/** @throws CacheError when the bytes are truncated, of another version, or of another model. */
export function readCache(
  bytes: Uint8Array,
  fingerprint: string,
  { layers, kvHeads, headDim, vocabSize, contextLength }: CacheDimensions,
): {
  rows: Int32Array[];
  layers: { keys: Float32Array; values: Float32Array }[][];
  sources: readonly number[] | undefined;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < preamble || magic.some((byte, i) => bytes[i] !== byte))
    throw new CacheError('These bytes are not a serialized cache: the first four must be TWKV.');
  if (view.getUint32(4, true) !== version)
    throw new CacheError(`The serialized cache has version ${view.getUint32(4, true)}; ${version} is supported.`);
  const headerLength = view.getUint32(8, true);
  if (preamble + headerLength > bytes.length)
    throw new CacheError(
      `The serialized cache is truncated: its header needs ${headerLength} bytes, but ${bytes.length - preamble} are left.`,
    );
  const header = parseHeader(bytes.subarray(preamble, preamble + headerLength));
  const expected = { fingerprint, dtype: 'float32', layers, kvHeads, headDim };
  for (const [key, value] of Object.entries(expected)) {
    const received = (header as unknown as Record<string, unknown>)[key];
    if (received !== value)
      throw new CacheError(
        `The serialized cache is of another model: ${key} is ${typeof received === 'object' ? 'a list' : String(received)}, but this model has ${value}.`,
      );
  }
  const rows = header.tokens.map((row) => {
    if (
      !Array.isArray(row) ||
      row.length > contextLength ||
      row.some((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
    )
      throw new CacheError('The serialized cache has ids outside the vocabulary, or more tokens than the context.');
    return Int32Array.from(row);
  });
  const { sources } = header;
  if (
    sources !== undefined &&
    (!Array.isArray(sources) || sources.length !== rows.length || !sources.every(Number.isInteger))
  )
    throw new CacheError('The sources of the serialized cache must be one integer per row.');
  const slot = kvHeads * headDim;
  const needed = rows.reduce((sum, row) => sum + row.length * 2 * layers * slot * 4, 0);
  let at = preamble + headerLength;
  if (bytes.length - at !== needed)
    throw new CacheError(
      `The serialized cache is truncated: ${needed} bytes of keys and values were expected, but ${bytes.length - at} are left.`,
    );
  const read = (count: number): Float32Array => {
    const part = new Float32Array(count);
    for (let i = 0; i < count; i++, at += 4) part[i] = view.getFloat32(at, true);
    return part;
  };
  const contents = rows.map((row) =>
    Array.from({ length: layers }, () => ({ keys: read(row.length * slot), values: read(row.length * slot) })),
  );
  return { rows, layers: contents, sources };
}

function parseHeader(bytes: Uint8Array): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CacheError('The header of the serialized cache is not JSON.', { cause });
  }
  if (
    typeof header !== 'object' ||
    header === null ||
    !Array.isArray((header as Header).tokens) ||
    (header as Header).tokens.length === 0
  )
    throw new CacheError('The header of the serialized cache has no list of tokens.');
  return header as Header;
}
