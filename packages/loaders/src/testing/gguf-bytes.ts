import { concatenated } from './safetensors-bytes.ts';

/** A value of GGUF's metadata with the kind that it is written as. */
export interface GgufTestValue {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** A tensor for a test file: its bytes as stored, and the number of its type. */
export interface GgufTestTensor {
  readonly name: string;
  /** Row-major, as ours; written the other way round. */
  readonly shape: readonly number[];
  readonly type: number;
  readonly data: Uint8Array;
}

export interface GgufTestFile {
  readonly version?: number;
  /** Texts, switches and lists of texts are written as they are; numbers need `uint32`, `float32` and so on. */
  readonly metadata: Readonly<Record<string, GgufTestValue | string | boolean | readonly string[]>>;
  readonly tensors: readonly GgufTestTensor[];
  readonly alignment?: number;
}

/** The bytes of a GGUF file. */
export function ggufBytes({ version = 3, metadata, tensors, alignment = 32 }: GgufTestFile): Uint8Array {
  const header = [
    new TextEncoder().encode('GGUF'),
    uint32(version).bytes,
    uint64(tensors.length).bytes,
    uint64(Object.keys(metadata).length).bytes,
  ];
  for (const [key, value] of Object.entries(metadata)) {
    const { kind, bytes } = typed(value);
    header.push(text(key).bytes, uint32(kind).bytes, bytes);
  }
  let offset = 0;
  for (const { name, shape, type, data } of tensors) {
    header.push(text(name).bytes, uint32(shape.length).bytes);
    for (const size of [...shape].reverse()) header.push(uint64(size).bytes);
    header.push(uint32(type).bytes, uint64(offset).bytes);
    offset += aligned(data.length, alignment);
  }
  const length = header.reduce((sum, part) => sum + part.length, 0);
  const parts = [...header, new Uint8Array(aligned(length, alignment) - length)];
  for (const { data } of tensors) parts.push(data, new Uint8Array(aligned(data.length, alignment) - data.length));
  return concatenated(parts);
}

export const uint32 = (value: number): GgufTestValue => number(4, 4, (view) => view.setUint32(0, value, true));
export const int32 = (value: number): GgufTestValue => number(5, 4, (view) => view.setInt32(0, value, true));
export const float32Value = (value: number): GgufTestValue => number(6, 4, (view) => view.setFloat32(0, value, true));
export const uint64 = (value: number | bigint): GgufTestValue =>
  number(10, 8, (view) => view.setBigUint64(0, BigInt(value), true));
export const float64Value = (value: number): GgufTestValue => number(12, 8, (view) => view.setFloat64(0, value, true));

/** A list; the values are of one kind. */
export function list(values: readonly GgufTestValue[], kind: number = values[0]?.kind ?? 4): GgufTestValue {
  const parts = [uint32(kind).bytes, uint64(values.length).bytes, ...values.map(({ bytes }) => bytes)];
  return { kind: 9, bytes: concatenated(parts) };
}

export function text(value: string): GgufTestValue {
  const bytes = new TextEncoder().encode(value);
  return { kind: 8, bytes: concatenated([uint64(bytes.length).bytes, bytes]) };
}

function typed(value: GgufTestFile['metadata'][string]): GgufTestValue {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return { kind: 7, bytes: Uint8Array.of(value ? 1 : 0) };
  if ('kind' in value) return value;
  return list(value.map(text), 8);
}

function number(kind: number, size: number, set: (view: DataView) => void): GgufTestValue {
  const bytes = new Uint8Array(size);
  set(new DataView(bytes.buffer));
  return { kind, bytes };
}

function aligned(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}
