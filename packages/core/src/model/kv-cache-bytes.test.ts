import { describe, expect, it } from 'vitest';
import type { KVStore } from '../engine/engine.ts';
import type { Dimensions } from '../engine/operations.ts';
import { CacheError } from '../errors.ts';
import { readCache, writeCache } from './kv-cache-bytes.ts';

const dimensions: Dimensions = { vocabSize: 10, contextLength: 4, width: 4, layers: 2, kvHeads: 1, headDim: 2 };
const slot = 2;
const tokens = [Int32Array.of(7, 0, 9), Int32Array.of(), Int32Array.of(3)];

/** Distinct numbers per row, layer, part and index. */
const numbers = (row: number, layer: number, part: number): Float32Array =>
  Float32Array.from({ length: tokens[row]!.length * slot }, (_, i) => row + layer / 10 + part / 100 + i * 1000);
const store = {
  read: async (row: number, layer: number) => ({ keys: numbers(row, layer, 1), values: numbers(row, layer, 2) }),
} as unknown as KVStore;

const written = (sources?: readonly number[]): Promise<Uint8Array> =>
  writeCache(store, tokens, 'model-1', dimensions, sources);
const read = (bytes: Uint8Array) => readCache(bytes, 'model-1', dimensions);

/** The bytes with another header. */
async function withHeader(change: (header: Record<string, unknown>) => unknown): Promise<Uint8Array> {
  const bytes = await written();
  const length = new DataView(bytes.buffer).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length))) as Record<string, unknown>;
  const changed = change(header);
  const text = new TextEncoder().encode(typeof changed === 'string' ? changed : JSON.stringify(changed));
  const result = new Uint8Array(12 + text.length + bytes.length - 12 - length);
  result.set(bytes.subarray(0, 12));
  new DataView(result.buffer).setUint32(8, text.length, true);
  result.set(text, 12);
  result.set(bytes.subarray(12 + length), 12 + text.length);
  return result;
}

const failure = (bytes: Uint8Array): unknown => {
  try {
    read(bytes);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a serialized cache', () => {
  it('is restored with its tokens, keys and values', async () => {
    const { rows, layers, sources } = read(await written());
    expect(rows).toEqual(tokens);
    expect(layers).toEqual(
      tokens.map((_, row) => [0, 1].map((layer) => ({ keys: numbers(row, layer, 1), values: numbers(row, layer, 2) }))),
    );
    expect(sources).toBeUndefined();
  });

  it('is restored with its sources', async () => {
    expect(read(await written([1, 0, 1])).sources).toEqual([1, 0, 1]);
  });

  it('is restored from the middle of a larger buffer', async () => {
    const bytes = await written();
    const larger = new Uint8Array(bytes.length + 13).fill(255);
    larger.set(bytes, 5);
    expect(read(larger.subarray(5, 5 + bytes.length)).rows).toEqual(tokens);
  });

  it('begins with a magic number, a version and a header, all little-endian', async () => {
    const bytes = await written();
    expect([...bytes.subarray(0, 8)]).toEqual([...new TextEncoder().encode('TWKV'), 1, 0, 0, 0]);
    const length = bytes[8]! + 256 * bytes[9]!;
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)))).toEqual({
      fingerprint: 'model-1',
      dtype: 'float32',
      layers: 2,
      kvHeads: 1,
      headDim: 2,
      tokens: [[7, 0, 9], [], [3]],
    });
    // 4 tokens, keys and values, 2 layers, 2 numbers of 4 bytes.
    expect(bytes.length).toBe(12 + length + 4 * 2 * 2 * 2 * 4);
    const first = new DataView(bytes.buffer).getFloat32(12 + length, true);
    expect(first).toBe(Math.fround(0.01));
  });

  it('is rejected when it is truncated at any byte, or has one byte too many', async () => {
    const bytes = await written();
    for (let length = 0; length < bytes.length; length++)
      expect(failure(bytes.subarray(0, length)), `${length} bytes`).toBeInstanceOf(CacheError);
    expect(failure(Uint8Array.of(...bytes, 0))).toBeInstanceOf(CacheError);
  });

  it('is rejected when a byte of its preamble is changed', async () => {
    const bytes = await written();
    for (let at = 0; at < 12; at++)
      expect(failure(bytes.with(at, bytes[at]! ^ 0x80)), `byte ${at}`).toBeInstanceOf(CacheError);
  });

  it.each<[string, (header: Record<string, unknown>) => unknown, string]>([
    [
      'fingerprint',
      (header) => ({ ...header, fingerprint: 'model-2' }),
      'fingerprint is model-2, but this model has model-1',
    ],
    ['dtype', (header) => ({ ...header, dtype: 'float16' }), 'dtype is float16'],
    ['layers', (header) => ({ ...header, layers: 3 }), 'layers is 3, but this model has 2'],
    ['layers as text', (header) => ({ ...header, layers: '2' }), 'layers is 2'],
    ['kvHeads', (header) => ({ ...header, kvHeads: 2 }), 'kvHeads is 2'],
    ['headDim', (header) => ({ ...header, headDim: 1 }), 'headDim is 1'],
    ['a field that is missing', ({ headDim: _, ...header }) => header, 'headDim is undefined'],
    ['no tokens', ({ tokens: _, ...header }) => header, 'no list of tokens'],
    ['an empty list of tokens', (header) => ({ ...header, tokens: [] }), 'no list of tokens'],
    ['tokens that are not a list', (header) => ({ ...header, tokens: { length: 3 } }), 'no list of tokens'],
    [
      'a row that is not a list',
      (header) => ({ ...header, tokens: [[7, 0, 9], null, [3]] }),
      'ids outside the vocabulary',
    ],
    [
      'a token outside the vocabulary',
      (header) => ({ ...header, tokens: [[7, 0, 10], [], [3]] }),
      'ids outside the vocabulary',
    ],
    ['a negative token', (header) => ({ ...header, tokens: [[7, 0, -1], [], [3]] }), 'ids outside the vocabulary'],
    [
      'a token that is not an integer',
      (header) => ({ ...header, tokens: [[7, 0, 0.5], [], [3]] }),
      'ids outside the vocabulary',
    ],
    [
      'a row longer than the context',
      (header) => ({ ...header, tokens: [[7, 0, 9, 1, 1], [], [3]] }),
      'more tokens than the context',
    ],
    ['fewer tokens than keys', (header) => ({ ...header, tokens: [[7, 0], [], [3]] }), 'bytes of keys and values'],
    ['more tokens than keys', (header) => ({ ...header, tokens: [[7, 0, 9], [1], [3]] }), 'bytes of keys and values'],
    ['sources that are not a list', (header) => ({ ...header, sources: { length: 3 } }), 'sources'],
    ['a source that is not an integer', (header) => ({ ...header, sources: [0, 0.5, 0] }), 'sources'],
    ['one source too few', (header) => ({ ...header, sources: [0, 0] }), 'sources'],
    ['null', () => null, 'is not a JSON object'],
    ['a list', () => [1], 'is not a JSON object'],
    ['nothing', () => ({}), 'no list of tokens'],
    ['invalid JSON', () => '{"fingerprint":', 'is not JSON'],
  ])('is rejected when its header has %s', async (_, change, message) => {
    const error = failure(await withHeader(change));
    expect(error).toBeInstanceOf(CacheError);
    expect((error as Error).message).toContain(message);
  });

  it('is rejected when its header is not text', async () => {
    const bytes = await written();
    expect(failure(bytes.with(14, 0xff))).toMatchObject({ name: 'CacheError', cause: expect.any(TypeError) });
  });

  it('throws when the cache changes during serialization', async () => {
    const shrinking = { read: async () => ({ keys: new Float32Array(2), values: new Float32Array(2) }) };
    await expect(writeCache(shrinking as unknown as KVStore, tokens, 'model-1', dimensions)).rejects.toThrow(
      CacheError,
    );
  });
});
