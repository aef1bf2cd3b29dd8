import type { KVStore } from '../engine/engine.ts';
import type { Dimensions } from '../engine/operations.ts';
import { CacheError } from '../errors.ts';
import { readSavedBytes, type SavedFormat, savedBytes } from '../saved-bytes.ts';

/** The header of a saved cache. The body: for each row and layer its keys and its values as little-endian float32, [slots, kvHeads * headDim]. */
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

const format: SavedFormat = { content: 'cache', letters: 'TWKV', version: 1 };

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
  const numbers = tokens.reduce((sum, row) => sum + row.length * 2 * layers * kvHeads * headDim, 0);
  const { bytes, body } = savedBytes(format, header, numbers * 4);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
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
  if (at !== body.length)
    throw new CacheError(`The cache changed while it was serialized: ${at} of ${body.length} bytes.`);
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
  const saved = readSavedBytes(format, bytes);
  const header = checkHeader(saved.header);
  const view = new DataView(saved.body.buffer, saved.body.byteOffset, saved.body.byteLength);
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
  if (saved.body.length !== needed)
    throw new CacheError(
      `The serialized cache is truncated: ${needed} bytes of keys and values were expected, but ${saved.body.length} are left.`,
    );
  let at = 0;
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

function checkHeader(header: Readonly<Record<string, unknown>>): Header {
  if (!Array.isArray(header.tokens) || header.tokens.length === 0)
    throw new CacheError('The header of the serialized cache has no list of tokens.');
  return header as unknown as Header;
}
