import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from '../../sources/byte-source.ts';
import { checkByteSource } from '../../sources/check-sources.ts';
import { checkRows } from '../../weights/stored-weights.ts';
import { HeaderReader } from './header-reader.ts';
import { readTypes, type TensorType, tensorTypes } from './tensor-types.ts';
import { type GgufValue, readValue } from './values.ts';

/** A tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  /** Row-major, rows last: [outputs, inputs] of a matrix. The file has the sizes the other way round. */
  readonly shape: readonly number[];
  readonly type: TensorType;
  /** First byte in the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** An open GGUF file: its header is read and checked, its tensors are read one at a time. */
export interface GgufFile {
  /** Names the file in errors. */
  readonly name: string;
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** By name, in the order of the file's data. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** The values of a tensor as float32. */
  read(name: string): Promise<Float32Array>;
  /** The values of some rows of a matrix. */
  readRows(name: string, first: number, count: number): Promise<Float32Array>;
}

/** 'GGUF' as a little-endian number. */
const magic = 0x46554747;
const longestName = 65535;
const mostDimensions = 4;
/** Real models have a few thousand tensors and about a hundred keys. */
const mostTensors = 1_000_000;
const mostKeys = 100_000;
const defaultAlignment = 32;

/** Whether these are the first bytes of a GGUF file. */
export async function isGguf(source: ByteSource): Promise<boolean> {
  return source.size >= 4 && new DataView((await readRange(source, 0, 4)).slice().buffer).getUint32(0, true) === magic;
}

/**
 * Open a GGUF file, version 2 or 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Only the header is read, by
 * ranges, and every length, count, size and offset in it is checked before anything is allocated for it.
 *
 * The header is read by our own code, not by @huggingface/gguf, which our tests compare it with: that library pads what it has
 * fetched with zeros and reads them as data, so that a file that was cut off opens, builds lists of a million entries from a
 * file of sixty bytes, cuts a text that crosses the end of what it has fetched, and accepts a key that occurs twice.
 *
 * @throws LoadError that names the file, the key or tensor, and the numbers.
 */
export async function openGguf(source: ByteSource): Promise<GgufFile> {
  checkByteSource('openGguf', source);
  const reader = new HeaderReader(source);
  const { version, tensorCount, keyCount } = await readPreamble(reader, source.size);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = await reader.text(`key ${i + 1} of ${keyCount}`, longestName);
    if (metadata.has(key)) reader.fail(key, 'the key occurs twice');
    metadata.set(key, await readValue(reader, key));
  }
  const alignment = readAlignment(reader, metadata);
  const infos: TensorInfo[] = [];
  for (let i = 0; i < tensorCount; i++) infos.push(await readInfo(reader, `tensor ${i + 1} of ${tensorCount}`));
  const tensors = placed(source, infos, Math.ceil(reader.position / alignment) * alignment, alignment);

  const find = (name: string): GgufTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new LoadError(source.name, 'the tensor is missing', name);
    return tensor;
  };
  const decoded = async (tensor: GgufTensor, begin: number, bytes: number): Promise<Float32Array> => {
    const { name, shape, type } = tensor;
    if (type.decode === undefined) throw unread(source.name, tensor);
    try {
      return type.decode(await readRange(source, begin, begin + bytes));
    } catch (cause) {
      // Typed arrays that do not fit into memory fail with a RangeError.
      if (!(cause instanceof RangeError)) throw cause;
      throw new LoadError(source.name, `[${shape.join(', ')}] values do not fit into memory`, name, { cause });
    }
  };

  return {
    name: source.name,
    version,
    metadata,
    tensors,
    async read(name) {
      const tensor = find(name);
      return decoded(tensor, tensor.begin, tensor.bytes);
    },
    async readRows(name, first, count) {
      const tensor = find(name);
      const [rows = 1] = tensor.shape;
      checkRows(source.name, name, rows, first, count);
      const bytes = rows === 0 ? 0 : tensor.bytes / rows;
      // A row of a matrix is whole blocks; a list may be one block.
      if (tensor.shape.length < 2)
        return (await decoded(tensor, tensor.begin, tensor.bytes)).slice(first, first + count);
      return decoded(tensor, tensor.begin + first * bytes, count * bytes);
    },
  };
}

/** What to say of a tensor whose type is known but not read. */
export function unread(file: string, { name, type }: GgufTensor): LoadError {
  return new LoadError(file, `is stored as ${type.name}, which is not read; read are ${readTypes.join(', ')}`, name);
}

interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly offset: bigint;
}

async function readPreamble(
  reader: HeaderReader,
  size: number,
): Promise<{ version: number; tensorCount: number; keyCount: number }> {
  if (size < 24) reader.fail('header', `the file has ${size} bytes; the shortest GGUF file has 24`);
  await reader.need(24, 'header');
  if (reader.uint32() !== magic) reader.fail('header', "is not a GGUF file: it must begin with 'GGUF'");
  const version = reader.uint32();
  if (version !== 0 && version % 65536 === 0)
    reader.fail('header', 'the file is big-endian; only little-endian files are read');
  if (version !== 2 && version !== 3) reader.fail('header', `the file has version ${version}; 2 and 3 are read`);
  // The least that one takes: a tensor its name's length, dimensions, type and offset; a key its length, kind and a byte.
  const tensorCount = reader.size('tensor count', 24);
  const keyCount = reader.size('key count', 13);
  // In memory each takes many times that.
  if (tensorCount > mostTensors) reader.fail('tensor count', `is ${tensorCount}; at most ${mostTensors} are read`);
  if (keyCount > mostKeys) reader.fail('key count', `is ${keyCount}; at most ${mostKeys} are read`);
  return { version, tensorCount, keyCount };
}

function readAlignment(reader: HeaderReader, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? defaultAlignment;
  if (typeof alignment === 'number' && alignment >= 1 && alignment <= 2 ** 20 && Number.isInteger(Math.log2(alignment)))
    return alignment;
  return reader.fail('general.alignment', `must be a power of two up to ${2 ** 20}, but is ${String(alignment)}`);
}

async function readInfo(reader: HeaderReader, place: string): Promise<TensorInfo> {
  const name = await reader.text(place, longestName);
  await reader.need(4, name);
  const dimensions = reader.uint32();
  if (dimensions > mostDimensions)
    reader.fail(name, `has ${dimensions} dimensions; at most ${mostDimensions} are read`);
  await reader.need(dimensions * 8 + 12, name);
  const sizes = Array.from({ length: dimensions }, () => reader.uint64());
  for (const size of sizes) if (size > BigInt(Number.MAX_SAFE_INTEGER)) reader.fail(name, `has a dimension of ${size}`);
  const code = reader.uint32();
  const type = tensorTypes.get(code) ?? reader.fail(name, `has the type ${code}; read are ${readTypes.join(', ')}`);
  return { name, shape: sizes.map(Number).reverse(), type, offset: reader.uint64() };
}

/** Check the place of each tensor: within the file, aligned, not overlapping. */
function placed(
  source: ByteSource,
  infos: readonly TensorInfo[],
  dataStart: number,
  alignment: number,
): ReadonlyMap<string, GgufTensor> {
  const tensors = infos.map((info): GgufTensor => {
    const { name, shape, type, offset } = info;
    const fail = (problem: string): never => {
      throw new LoadError(source.name, problem, name);
    };
    const bytes = bytesOf(info, fail);
    if (offset % BigInt(alignment) !== 0n) fail(`begins at byte ${offset}, which ${alignment} does not divide`);
    if (offset + BigInt(dataStart) + BigInt(bytes) > BigInt(source.size))
      fail(`has ${bytes} bytes from byte ${offset} of the data on, but the file holds ${source.size - dataStart}`);
    return { name, shape, type, begin: dataStart + Number(offset), bytes };
  });
  tensors.sort((a, b) => a.begin - b.begin || a.bytes - b.bytes);
  const byName = new Map<string, GgufTensor>();
  let last: GgufTensor | undefined;
  for (const tensor of tensors) {
    if (byName.has(tensor.name)) throw new LoadError(source.name, 'the name occurs twice', tensor.name);
    if (last !== undefined && tensor.begin < last.begin + last.bytes)
      throw new LoadError(source.name, `begins inside the tensor '${last.name}'`, tensor.name);
    byName.set(tensor.name, tensor);
    last = tensor;
  }
  return byName;
}

function bytesOf({ shape, type }: TensorInfo, fail: (problem: string) => never): number {
  const row = shape.at(-1) ?? 1;
  if (row % type.values !== 0) fail(`has rows of ${row} numbers, but ${type.name} has blocks of ${type.values}`);
  const count = shape.reduce((product, size) => {
    const next = product * size;
    return Number.isSafeInteger(next) ? next : fail(`the shape [${shape.join(', ')}] has too many values`);
  }, 1);
  const bytes = (count / type.values) * type.bytes;
  return Number.isSafeInteger(bytes) ? bytes : fail(`the shape [${shape.join(', ')}] has too many values`);
}
