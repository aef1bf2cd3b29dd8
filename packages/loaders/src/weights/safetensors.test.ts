import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { type ByteSource, bytesSource } from '../sources/byte-source.ts';
import { float32, safetensorsBytes, withHeader } from '../testing/safetensors-bytes.ts';
import { openSafetensors } from './safetensors.ts';

const entry = (dtype: string, shape: unknown, offsets: unknown): object => ({ dtype, shape, data_offsets: offsets });
const file = (header: unknown, data = 0): ByteSource =>
  bytesSource(withHeader(JSON.stringify(header), new Uint8Array(data)), 'm.safetensors');

describe('openSafetensors', () => {
  it('reads shapes, formats, metadata and values', async () => {
    const bytes = safetensorsBytes(
      {
        matrix: float32([2, 3], 1, 2, 3, 4, 5, 6),
        scalar: { dtype: 'F16', shape: [], data: new Uint16Array([0x3c00]) },
        empty: float32([0, 4]),
      },
      { format: 'pt' },
    );
    const weights = await openSafetensors(bytesSource(bytes, 'm.safetensors'));
    expect(weights.name).toBe('m.safetensors');
    expect(weights.metadata).toEqual(new Map([['format', 'pt']]));
    expect([...weights.names()].sort()).toEqual(['empty', 'matrix', 'scalar']);
    expect(weights.shape('matrix')).toEqual([2, 3]);
    expect(weights.shape('scalar')).toEqual([]);
    expect(weights.shape('other')).toBeUndefined();
    expect(weights.format('scalar')).toBe('F16');
    expect(weights.bytes('matrix')).toBe(24);
    expect(weights.bytes('other')).toBe(0);
    expect([...(await weights.read('matrix'))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await weights.read('scalar'))]).toEqual([1]);
    expect([...(await weights.read('empty'))]).toEqual([]);
    await expect(weights.read('other')).rejects.toThrow('m.safetensors: other: the tensor is missing');
  });

  it('refuses a header that is nested too deep to be gone through', async () => {
    const lists = '['.repeat(50_000) + ']'.repeat(50_000);
    const deep = withHeader(`{"w":{"dtype":${lists},"shape":[],"data_offsets":[0,0]}}`);
    await expect(openSafetensors(bytesSource(deep, 'm.safetensors'))).rejects.toThrow(
      'm.safetensors: is nested more than 200 deep',
    );
  });

  it('names the tensors in the order of the file, whatever the order of the header', async () => {
    const weights = await openSafetensors(
      file({ b: entry('U8', [2], [3, 5]), a: entry('U8', [3], [0, 3]), c: entry('U8', [1], [5, 6]) }, 6),
    );
    expect(weights.names()).toEqual(['a', 'b', 'c']);
  });

  it('reads the header and then only what is asked for', async () => {
    const inner = bytesSource(safetensorsBytes({ a: float32([2], 1, 2), b: float32([1], 3) }));
    const ranges: [number, number][] = [];
    const weights = await openSafetensors({
      ...inner,
      read: (from, to) => {
        ranges.push([from, to]);
        return inner.read(from, to);
      },
    });
    const start = inner.size - 12;
    expect(ranges).toEqual([
      [0, 8],
      [8, start],
    ]);
    await weights.read('b');
    expect(ranges.slice(2)).toEqual([[start + 8, start + 12]]);
  });

  it('reads some rows of a tensor, and refuses those that it lacks', async () => {
    const weights = await openSafetensors(
      bytesSource(
        safetensorsBytes({ before: float32([1], 9), matrix: float32([3, 2], 1, 2, 3, 4, 5, 6) }),
        'm.safetensors',
      ),
    );
    expect(await weights.readRows!('matrix', 1, 2)).toEqual(new Float32Array([3, 4, 5, 6]));
    expect(await weights.readRows!('matrix', 3, 0)).toEqual(new Float32Array([]));
    await expect(weights.readRows!('matrix', 2, 2)).rejects.toThrow(/it has 3 rows; 2 to 4 are not among them/);
  });

  it('gives values that the caller may keep and change', async () => {
    const weights = await openSafetensors(bytesSource(safetensorsBytes({ a: float32([2], 1, 2) })));
    (await weights.read('a')).fill(9);
    expect([...(await weights.read('a'))]).toEqual([1, 2]);
  });

  it('accepts a header that is padded with spaces, and a file without tensors', async () => {
    expect((await openSafetensors(bytesSource(withHeader('{}      ')))).names()).toEqual([]);
    expect((await openSafetensors(file({ __metadata__: {} }))).names()).toEqual([]);
  });

  it('accepts names that objects inherit', async () => {
    const text =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"toString":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const weights = await openSafetensors(bytesSource(withHeader(text, new Uint8Array([7, 8]))));
    expect(weights.names()).toEqual(['__proto__', 'toString']);
    expect([...(await weights.read('__proto__'))]).toEqual([7]);
    expect(weights.shape('constructor')).toBeUndefined();
  });

  const huge = (length: bigint): ByteSource => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytesSource(bytes, 'm.safetensors');
  };
  const sparse = (length: bigint, size: number): ByteSource => ({ ...huge(length), size });

  it.each<[string, ByteSource, string]>([
    ['an empty file', bytesSource(new Uint8Array(), 'm.safetensors'), 'header: the file has 0 bytes'],
    ['a header longer than the file', huge(9n), 'header: it should have 9 bytes, but 8 follow'],
    ['a header of 2^64 - 1 bytes', huge(2n ** 64n - 1n), 'header: it should have 18446744073709551615 bytes'],
    ['a header of more than 100 MB', sparse(100_000_001n, 1e9), 'header: it has 100000001 bytes; at most 100000000'],
    ['an empty header', bytesSource(withHeader(''), 'm.safetensors'), "header: it must begin with '{'"],
    ['a header that is a list', bytesSource(withHeader('[]'), 'm.safetensors'), "header: it must begin with '{'"],
    ['broken JSON', bytesSource(withHeader('{"a":'), 'm.safetensors'), 'm.safetensors: is not valid JSON'],
    [
      'text that is not UTF-8',
      bytesSource(withHeader(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), 'm.safetensors'),
      'the text is not valid UTF-8',
    ],
    [
      'a name twice',
      bytesSource(withHeader('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'), 'm.safetensors'),
      'm.safetensors: a: the name occurs twice',
    ],
    [
      'a key twice',
      bytesSource(withHeader('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'), 'm.safetensors'),
      'm.safetensors: dtype: the name occurs twice',
    ],
    ['metadata that is a list', file({ __metadata__: [] }), '__metadata__: must be an object'],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }), '__metadata__.a: must be a text'],
    ['an entry that is not an object', file({ a: 1 }), 'a: must be described by an object'],
    ['an unknown dtype', file({ a: entry('F4', [1], [0, 1]) }, 1), 'a: the dtype must be one of F64, F32, F16'],
    ['a dtype that objects inherit', file({ a: entry('constructor', [1], [0, 1]) }, 1), 'but is "constructor"'],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 1] } }, 1), 'but is missing'],
    [
      'a negative size',
      file({ a: entry('U8', [-1], [0, 1]) }, 1),
      'a: the shape must be a list of non-negative integers',
    ],
    ['a fractional size', file({ a: entry('U8', [1.5], [0, 1]) }, 1), 'but is [1.5]'],
    ['a size beyond 2^53', file({ a: entry('U8', [2 ** 53], [0, 1]) }, 1), 'but is [9007199254740992]'],
    ['no shape', file({ a: { dtype: 'U8', data_offsets: [0, 1] } }, 1), 'a: the shape must be'],
    ['sizes whose product overflows', file({ a: entry('F32', [2 ** 30, 2 ** 30], [0, 4]) }, 4), 'has too many values'],
    ['an overflow that a zero hides', file({ a: entry('F32', [2 ** 30, 2 ** 30, 0], [0, 0]) }), 'has too many values'],
    ['one offset', file({ a: entry('U8', [1], [0]) }, 1), 'a: data_offsets must be two'],
    ['text as offset', file({ a: entry('U8', [1], ['0', 1]) }, 1), 'a: data_offsets must be two'],
    ['an end before its begin', file({ a: entry('U8', [1], [1, 0]) }, 1), 'a: begins at byte 1, after its end 0'],
    [
      'bytes that do not fit the shape',
      file({ a: entry('F32', [2], [0, 4]) }, 4),
      'a: has 4 bytes (0 to 4), but shape [2] in "F32" takes 8',
    ],
    [
      'a tensor beyond the file',
      file({ a: entry('F32', [2], [0, 8]) }, 4),
      'a: ends at byte 8 of the data, but the file holds 4',
    ],
    ['a giant tensor', file({ a: entry('F32', [2 ** 40], [0, 2 ** 42]) }, 4), 'a: ends at byte 4398046511104'],
    [
      'an overlap',
      file({ a: entry('U8', [3], [0, 3]), b: entry('U8', [2], [2, 4]) }, 4),
      "b: begins at byte 2, inside 'a', which ends at 3",
    ],
    [
      'two tensors in one place',
      file({ a: entry('U8', [3], [0, 3]), b: entry('U8', [3], [0, 3]) }, 3),
      "b: begins at byte 0, inside 'a'",
    ],
    [
      'a hole',
      file({ a: entry('U8', [1], [0, 1]), b: entry('U8', [1], [2, 3]) }, 3),
      "b: begins at byte 2, but 'a' ends at 1: holes are not allowed",
    ],
    ['a hole in front', file({ a: entry('U8', [1], [1, 2]) }, 2), 'a: begins at byte 1, but the header ends at 0'],
    [
      'bytes after the last tensor',
      file({ a: entry('U8', [1], [0, 1]) }, 3),
      "holds 2 bytes after 'a', which belong to no tensor",
    ],
  ])('refuses %s', async (_, source, message) => {
    const error = await openSafetensors(source).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as LoadError).message).toContain(message);
    expect((error as LoadError).file).toBe('m.safetensors');
  });

  it('says so when the file gets shorter after it was opened', async () => {
    const bytes = safetensorsBytes({ a: float32([2], 1, 2) });
    const whole = bytesSource(bytes);
    const weights = await openSafetensors({
      ...whole,
      read: async (from, to) => bytes.slice(from, Math.min(to, whole.size - 4)),
    });
    await expect(weights.read('a')).rejects.toThrow('gave 4 bytes for the range');
  });

  it('names the tensor that does not fit into memory', async () => {
    const whole = bytesSource(safetensorsBytes({ a: float32([2], 1, 2) }), 'm.safetensors');
    let opened = false;
    const weights = await openSafetensors({
      ...whole,
      async read(from, to) {
        if (opened) throw new RangeError('Array buffer allocation failed');
        return whole.read(from, to);
      },
    });
    opened = true;
    await expect(weights.read('a')).rejects.toThrow('m.safetensors: a: 2 values do not fit into memory');
  });
});
