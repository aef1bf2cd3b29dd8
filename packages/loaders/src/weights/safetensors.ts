import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from '../sources/byte-source.ts';
import { checkByteSource } from '../sources/check-sources.ts';
import { decodeUtf8, isObject, type JsonObject, largestJson, parseJsonObject, shownJson } from '../sources/json.ts';
import { type NumberFormat, numberFormats } from './number-formats.ts';
import { checkRows, type StoredWeights } from './stored-weights.ts';

/** An open safetensors file: its header is read and checked, its tensors are read one at a time. */
export interface SafetensorsFile extends StoredWeights {
  /** Of a file on disk or behind ranges only these rows are read. */
  readRows(name: string, first: number, count: number): Promise<Float32Array>;
  /** What the writer noted under `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The bytes of some rows of a tensor as stored, by its first dimension. Default all. */
  readBytes(name: string, first?: number, count?: number): Promise<Uint8Array>;
}

interface StoredTensor {
  readonly name: string;
  readonly formatName: string;
  readonly format: NumberFormat;
  readonly shape: readonly number[];
  /** First byte, and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** A file begins with the length of the header, a 64-bit little-endian integer. */
const lengthBytes = 8;
/** Objects, arrays and keys of a header: seven for a tensor. Real files have a few thousand tensors. */
const mostHeaderParts = 1_000_000;

/**
 * Open a safetensors file: https://github.com/huggingface/safetensors#format. Only the header is read, and every length and
 * offset in it is checked before anything is allocated. The rules are the format's own, so holes between tensors, overlaps, bytes
 * after the last tensor and duplicate names are errors.
 *
 * @throws LoadError that names the file, the tensor and the numbers.
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  checkByteSource('openSafetensors', source);
  const { header, dataStart } = await readHeader(source);
  const metadata = readMetadata(source.name, header);
  const stored = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(source.name, name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkLayout(source, stored, dataStart);
  const tensors = new Map(stored.map((tensor) => [tensor.name, tensor]));
  const find = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new LoadError(source.name, 'the tensor is missing', name);
    return tensor;
  };
  const bytesOf = ({ begin, end }: StoredTensor): Promise<Uint8Array> =>
    readRange(source, dataStart + begin, dataStart + end);
  const decoded = async (tensor: StoredTensor): Promise<Float32Array> => {
    try {
      return tensor.format.decode(await bytesOf(tensor));
    } catch (cause) {
      // Typed arrays that do not fit into memory fail with a RangeError.
      if (!(cause instanceof RangeError)) throw cause;
      const values = (tensor.end - tensor.begin) / tensor.format.bytes;
      throw new LoadError(source.name, `${values} values do not fit into memory`, tensor.name, { cause });
    }
  };

  return {
    name: source.name,
    metadata,
    names: () => [...tensors.keys()],
    shape: (name) => tensors.get(name)?.shape,
    format: (name) => tensors.get(name)?.formatName,
    bytes(name) {
      const tensor = tensors.get(name);
      return tensor === undefined ? 0 : tensor.end - tensor.begin;
    },
    async readBytes(name, first = 0, count) {
      const tensor = find(name);
      return bytesOf(rowsOf(source.name, tensor, first, count ?? (tensor.shape[0] ?? 1) - first));
    },
    read: async (name) => decoded(find(name)),
    readRows: async (name, first, count) => decoded(rowsOf(source.name, find(name), first, count)),
  };
}

/** The part of a tensor that holds these rows. */
function rowsOf(file: string, tensor: StoredTensor, first: number, count: number): StoredTensor {
  const [rows = 1] = tensor.shape;
  checkRows(file, tensor.name, rows, first, count);
  const bytes = rows === 0 ? 0 : (tensor.end - tensor.begin) / rows;
  return { ...tensor, begin: tensor.begin + first * bytes, end: tensor.begin + (first + count) * bytes };
}

async function readHeader(source: ByteSource): Promise<{ header: JsonObject; dataStart: number }> {
  const fail = (problem: string): never => {
    throw new LoadError(source.name, problem, 'header');
  };
  if (source.size < lengthBytes)
    fail(`the file has ${source.size} bytes; the length of the header alone takes ${lengthBytes}`);
  const prefix = await readRange(source, 0, lengthBytes);
  const length = new DataView(prefix.buffer, prefix.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(source.size - lengthBytes))
    fail(`it should have ${length} bytes, but ${source.size - lengthBytes} follow in the file`);
  if (length > BigInt(largestJson)) fail(`it has ${length} bytes; at most ${largestJson} are read`);
  const dataStart = lengthBytes + Number(length);
  const bytes = await readRange(source, lengthBytes, dataStart);
  if (bytes[0] !== 0x7b) fail("it must begin with '{'");
  return { header: parseJsonObject(source.name, decodeUtf8(source.name, bytes), mostHeaderParts), dataStart };
}

function readMetadata(file: string, header: JsonObject): ReadonlyMap<string, string> {
  const metadata = Object.hasOwn(header, '__metadata__') ? header.__metadata__ : {};
  if (!isObject(metadata)) throw new LoadError(file, 'must be an object', '__metadata__');
  return new Map(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value !== 'string') throw new LoadError(file, 'must be a text', `__metadata__.${key}`);
      return [key, value];
    }),
  );
}

function readEntry(file: string, name: string, entry: unknown): StoredTensor {
  const fail = (problem: string): never => {
    throw new LoadError(file, problem, name);
  };
  if (!isObject(entry)) return fail('must be described by an object with dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets } = entry;

  const format = typeof dtype === 'string' ? numberFormats.get(dtype) : undefined;
  if (format === undefined)
    return fail(`the dtype must be one of ${[...numberFormats.keys()].join(', ')}, but is ${shownJson(dtype)}`);
  if (!isListOfSizes(shape))
    return fail(`the shape must be a list of non-negative integers, but is ${shownJson(shape)}`);
  if (!isListOfSizes(offsets) || offsets.length !== 2)
    return fail(`data_offsets must be two non-negative integers, but is ${shownJson(offsets)}`);

  const [begin, end] = offsets as [number, number];
  if (begin > end) fail(`begins at byte ${begin}, after its end ${end}`);
  const bytes = shape.reduce((product, size) => {
    const next = product * size;
    return Number.isSafeInteger(next) ? next : fail(`the shape ${shownJson(shape)} has too many values`);
  }, format.bytes);
  if (end - begin !== bytes)
    fail(
      `has ${end - begin} bytes (${begin} to ${end}), but shape ${shownJson(shape)} in ${shownJson(dtype)} takes ${bytes}`,
    );
  return { name, formatName: dtype as string, format, shape, begin, end };
}

/** The tensors must follow each other without a gap, from the end of the header to the end of the file. */
function checkLayout(source: ByteSource, tensors: readonly StoredTensor[], dataStart: number): void {
  const size = source.size - dataStart;
  let end = 0;
  let last = 'the header';
  for (const tensor of tensors) {
    const fail = (problem: string): never => {
      throw new LoadError(source.name, problem, tensor.name);
    };
    if (tensor.end > size) fail(`ends at byte ${tensor.end} of the data, but the file holds ${size}`);
    if (tensor.begin < end) fail(`begins at byte ${tensor.begin}, inside ${last}, which ends at ${end}`);
    if (tensor.begin > end) fail(`begins at byte ${tensor.begin}, but ${last} ends at ${end}: holes are not allowed`);
    end = tensor.end;
    last = `'${tensor.name}'`;
  }
  if (end !== size)
    throw new LoadError(source.name, `holds ${size - end} bytes after ${last}, which belong to no tensor`);
}

function isListOfSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0));
}
