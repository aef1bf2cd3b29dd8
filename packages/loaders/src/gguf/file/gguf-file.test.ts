import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gguf as otherReader } from '@huggingface/gguf';
import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { type ByteSource, bytesSource } from '../../sources/byte-source.ts';
import { encodeBlocks } from '../../testing/gguf-blocks.ts';
import {
  float32Value,
  float64Value,
  type GgufTestFile,
  ggufBytes,
  int32,
  list,
  uint32,
  uint64,
} from '../../testing/gguf-bytes.ts';
import { concatenated } from '../../testing/safetensors-bytes.ts';
import { openGguf } from './gguf-file.ts';

const open = (bytes: Uint8Array) => openGguf(bytesSource(bytes, 'x.gguf'));

const small = (kind: number, byte: number) => ({ kind, bytes: Uint8Array.of(byte) });
const file: GgufTestFile = {
  metadata: {
    'general.architecture': 'llama',
    empty: '',
    'a text': 'Grüße, 世界 🦙',
    byte: small(0, 200),
    signed: small(1, 200),
    short: { kind: 2, bytes: Uint8Array.of(1, 255) },
    'signed short': { kind: 3, bytes: Uint8Array.of(1, 255) },
    word: uint32(4_000_000_000),
    integer: int32(-5),
    real: float32Value(0.5),
    yes: true,
    no: false,
    long: uint64(2n ** 40n),
    'very long': uint64(2n ** 63n),
    double: float64Value(Math.PI),
    texts: ['a', '', 'ü'],
    reals: list([float32Value(1), float32Value(-2)]),
    integers: list([int32(-1), int32(7)]),
    none: list([], 5),
    'no texts': list([], 8),
  },
  tensors: [
    {
      name: 'blk.0.w',
      shape: [2, 3],
      type: 0,
      data: encodeBlocks('F32', [1, 2, 3, 4, 5, 6]),
    },
    { name: 'scalar', shape: [], type: 1, data: encodeBlocks('F16', [0.25]) },
    {
      name: 'packed',
      shape: [2, 64],
      type: 8,
      data: encodeBlocks(
        'Q8_0',
        Array.from({ length: 128 }, (_, i) => i - 64),
      ),
    },
  ],
};

describe('openGguf', () => {
  it.each([2, 3])('reads every kind of value and tensor of version %i', async (version) => {
    const { metadata, tensors, read, readRows, ...rest } = await open(ggufBytes({ ...file, version }));
    expect(rest).toEqual({ name: 'x.gguf', version });
    expect(Object.fromEntries(metadata)).toEqual({
      'general.architecture': 'llama',
      empty: '',
      'a text': 'Grüße, 世界 🦙',
      byte: 200,
      signed: -56,
      short: 65281,
      'signed short': -255,
      word: 4_000_000_000,
      integer: -5,
      real: 0.5,
      yes: true,
      no: false,
      long: 2 ** 40,
      'very long': 2n ** 63n,
      double: Math.PI,
      texts: ['a', '', 'ü'],
      reals: Float32Array.of(1, -2),
      integers: Int32Array.of(-1, 7),
      none: new Int32Array(),
      'no texts': [],
    });
    expect([...tensors.values()].map(({ name, shape, type, bytes }) => [name, shape, type.name, bytes])).toEqual([
      ['blk.0.w', [2, 3], 'F32', 24],
      ['scalar', [], 'F16', 2],
      ['packed', [2, 64], 'Q8_0', 136],
    ]);
    expect([...(await read('blk.0.w'))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await read('scalar'))]).toEqual([0.25]);
    const packed = await read('packed');
    expect(await readRows('packed', 1, 1)).toEqual(packed.slice(64));
    expect([...(await readRows('blk.0.w', 0, 1))]).toEqual([1, 2, 3]);
    for (const [i, value] of packed.entries()) expect(Math.abs(value - (i - 64))).toBeLessThan(0.3);
  });

  it('agrees with the reader of @huggingface/gguf', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tokenwright-gguf-'));
    try {
      for (const alignment of [32, 64]) {
        const metadata = { ...file.metadata, ...(alignment === 64 && { 'general.alignment': uint32(64) }) };
        const bytes = ggufBytes({ ...file, metadata, alignment });
        const path = join(folder, 'x.gguf');
        writeFileSync(path, bytes);
        const theirs = await otherReader(path, { allowLocalFile: true });
        const ours = await open(bytes);
        const { version, tensor_count, kv_count, ...values } = theirs.metadata as Record<string, unknown>;
        expect([version, tensor_count, kv_count]).toEqual([3, 3n, BigInt(ours.metadata.size)]);
        const plain = (value: unknown): unknown => {
          if (typeof value === 'object') return [...(value as Iterable<unknown>)].map(plain);
          return typeof value === 'bigint' ? String(value) : String(value);
        };
        expect(Object.entries(values).map(([key, value]) => [key, plain(value)])).toEqual(
          [...ours.metadata].map(([key, value]) => [key, plain(value)]),
        );
        expect(
          theirs.tensorInfos.map(({ name, shape, dtype, offset }) => ({
            name,
            shape: shape.map(Number).reverse(),
            dtype: Number(dtype),
            begin: Number(theirs.tensorDataOffset + offset),
          })),
        ).toEqual(
          [...ours.tensors.values()].map(({ name, shape, type, begin }) => ({
            name,
            shape,
            dtype: { F32: 0, F16: 1, Q8_0: 8 }[type.name],
            begin,
          })),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads the header by ranges, and of the data only what is asked for', async () => {
    const bytes = ggufBytes({
      ...file,
      metadata: { ...file.metadata, many: Array.from({ length: 40_000 }, (_, i) => `token ${i}`) },
      tensors: [{ name: 'large', shape: [1 << 20], type: 0, data: new Uint8Array(4 << 20) }, ...file.tensors],
    });
    const ranges: [number, number][] = [];
    const inner = bytesSource(bytes, 'x.gguf');
    const source: ByteSource = {
      ...inner,
      read(from, to) {
        ranges.push([from, to]);
        return inner.read(from, to);
      },
    };
    const { metadata, tensors, read } = await openGguf(source);
    expect((metadata.get('many') as string[]).at(-1)).toBe('token 39999');
    expect(ranges.length).toBeGreaterThan(1);
    expect(ranges.length).toBeLessThan(12);
    const end = Math.max(...ranges.map(([, to]) => to));
    expect(end).toBeLessThan(tensors.get('large')!.begin + (2 << 20));
    ranges.length = 0;
    await read('scalar');
    const { begin } = tensors.get('scalar')!;
    expect(ranges).toEqual([[begin, begin + 2]]);
  });

  const valid = ggufBytes(file);
  const patched = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = valid.slice();
    copy.set(bytes, at);
    return copy;
  };
  const with_ = (changes: Partial<GgufTestFile>): Uint8Array => ggufBytes({ ...file, ...changes });
  const tensor = (changes: Partial<GgufTestFile['tensors'][number]>): Uint8Array =>
    with_({ tensors: [{ ...file.tensors[0]!, ...changes }] });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'header: the file has 0 bytes; the shortest GGUF file has 24'],
    ['another kind of file', patched(0, 0x50), "header: is not a GGUF file: it must begin with 'GGUF'"],
    ['version 1', patched(4, 1), 'header: the file has version 1; 2 and 3 are read'],
    ['big-endian', patched(4, 0, 0, 0, 3), 'header: the file is big-endian; only little-endian files are read'],
    [
      'more tensors than fit',
      patched(8, 255, 255, 255, 255, 255, 255, 255, 255),
      'tensor count: 18446744073709551615 of at least 24 bytes should follow',
    ],
    ['more keys than fit', patched(16, 0, 0, 0, 1), 'key count: 16777216 of at least 13 bytes should follow'],
    [
      'a key longer than the file',
      patched(24, 0, 0, 0, 0, 1),
      'key 1 of 20: 4294967296 of at least 1 bytes should follow',
    ],
    ['a file that was cut off', valid.slice(0, 200), 'should follow, but the file ends after'],
    ['data that were cut off', valid.slice(0, valid.length - 200), 'bytes from byte'],
    [
      'a list of lists',
      with_({ metadata: { x: { kind: 9, bytes: concatenated([uint32(9).bytes, uint64(0).bytes]) } } }),
      'x: lists of lists are not read',
    ],
    [
      'a list that cannot be there',
      with_({ metadata: { x: { kind: 9, bytes: concatenated([uint32(6).bytes, uint64(1n << 40n).bytes]) } } }),
      'x: 1099511627776 of at least 4 bytes should follow',
    ],
    [
      'a kind of value that is not known',
      with_({ metadata: { x: { kind: 13, bytes: new Uint8Array(8) } } }),
      'x: the kind of its value is 13; known are 0 to 12',
    ],
    [
      'a text that is not UTF-8',
      with_({ metadata: { x: { kind: 8, bytes: concatenated([uint64(1).bytes, Uint8Array.of(255)]) } } }),
      'x: the text is not valid UTF-8',
    ],
    [
      'an alignment that is not a power of two',
      with_({ metadata: { 'general.alignment': uint32(48) } }),
      'general.alignment: must be a power of two up to 1048576, but is 48',
    ],
    ['five dimensions', tensor({ shape: [1, 1, 1, 1, 6] }), 'blk.0.w: has 5 dimensions; at most 4 are read'],
    ['a type that is not known', tensor({ type: 4 }), 'blk.0.w: has the type 4; read are F32, F16, Q4_0'],
    [
      'rows that do not fill their blocks',
      tensor({ shape: [2, 48], type: 2 }),
      'blk.0.w: has rows of 48 numbers, but Q4_0 has blocks of 32',
    ],
    [
      'a shape beyond all numbers',
      tensor({ shape: [2 ** 40, 2 ** 40] }),
      'blk.0.w: the shape [1099511627776, 1099511627776] has too many values',
    ],
    [
      'a tensor beyond the file',
      tensor({ shape: [200] }),
      'blk.0.w: has 800 bytes from byte 0 of the data on, but the file holds 32',
    ],
    [
      'a tensor that occurs twice',
      with_({ tensors: [file.tensors[0]!, file.tensors[0]!] }),
      'blk.0.w: the name occurs twice',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await open(bytes).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as LoadError).message).toContain(message);
    expect((error as LoadError).file).toBe('x.gguf');
  });

  it('refuses a key that occurs twice', async () => {
    const twice = with_({ metadata: { ab: uint32(1), ba: uint32(2) } });
    const at = new TextDecoder('latin1').decode(twice).indexOf('ba');
    twice.set(new TextEncoder().encode('ab'), at);
    await expect(open(twice)).rejects.toThrow('ab: the key occurs twice');
  });

  it('refuses tensors that overlap, and offsets that are not aligned', async () => {
    const bytes = ggufBytes(file);
    const view = new DataView(bytes.buffer);
    // The offset of the second tensor is 12 bytes after its name and number of dimensions (0): type, then offset.
    const offset = new TextDecoder('latin1').decode(bytes).indexOf('scalar') + 'scalar'.length + 4 + 4;
    expect(view.getBigUint64(offset, true)).toBe(32n);
    view.setBigUint64(offset, 0n, true);
    await expect(open(bytes)).rejects.toThrow("blk.0.w: begins inside the tensor 'scalar'");
    view.setBigUint64(offset, 33n, true);
    await expect(open(bytes)).rejects.toThrow('scalar: begins at byte 33, which 32 does not divide');
  });

  it('knows types that it does not read, and says so when they are asked for', async () => {
    const bytes = ggufBytes({
      metadata: {},
      tensors: [{ name: 'w', shape: [1, 256], type: 15, data: new Uint8Array(292) }],
    });
    const { tensors, read } = await open(bytes);
    expect(tensors.get('w')!.type.name).toBe('Q8_K');
    await expect(read('w')).rejects.toThrow('w: is stored as Q8_K, which is not read; read are F32, F16, Q4_0');
    await expect(read('v')).rejects.toThrow('v: the tensor is missing');
  });

  it('reads names such as __proto__ as names', async () => {
    const { metadata, tensors } = await open(
      ggufBytes({ metadata: { ['__proto__']: 'x' }, tensors: [{ ...file.tensors[1]!, name: '__proto__' }] }),
    );
    expect([...metadata]).toEqual([['__proto__', 'x']]);
    expect(tensors.get('__proto__')!.bytes).toBe(2);
  });
});

describe('a file that is large only in memory', () => {
  /** A file of `size` bytes, zeros after its beginning, that counts what is read of it. */
  function mostlyZeros(beginning: Uint8Array, size: number) {
    const seen = { bytes: 0 };
    return {
      seen,
      source: {
        name: 'm.gguf',
        size,
        async read(from: number, to: number) {
          seen.bytes += to - from;
          const bytes = new Uint8Array(to - from);
          if (from < beginning.length) bytes.set(beginning.subarray(from, Math.min(to, beginning.length)));
          return bytes;
        },
      },
    };
  }
  const preamble = (tensors: bigint, keys: bigint): Uint8Array => {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x46554747, true);
    view.setUint32(4, 3, true);
    view.setBigUint64(8, tensors, true);
    view.setBigUint64(16, keys, true);
    return bytes;
  };
  const withList = (kind: number, count: bigint): Uint8Array => {
    const bytes = new Uint8Array(24 + 8 + 1 + 4 + 4 + 8);
    bytes.set(preamble(0n, 1n));
    const view = new DataView(bytes.buffer);
    view.setBigUint64(24, 1n, true);
    bytes[32] = 0x61;
    view.setUint32(33, 9, true);
    view.setUint32(37, kind, true);
    view.setBigUint64(41, count, true);
    return bytes;
  };

  it.each([
    ['tensors', preamble(2_000_000n, 0n), 'tensor count: is 2000000; at most 1000000 are read'],
    ['keys', preamble(0n, 2_000_000n), 'key count: is 2000000; at most 100000 are read'],
    ['texts', withList(8, 20_000_000n), 'a: has 20000000 texts; at most 10000000 are read'],
    ['switches', withList(7, 20_000_000n), 'a: has 20000000 switches; at most 1000000 are read'],
  ])('is refused by its counts: %s', async (_, beginning, message) => {
    const { source, seen } = mostlyZeros(beginning, 250_000_000);
    await expect(openGguf(source)).rejects.toThrow(`m.gguf: ${message}`);
    expect(seen.bytes).toBeLessThan(200_000);
  });
});
