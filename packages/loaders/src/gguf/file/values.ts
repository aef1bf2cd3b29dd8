import type { HeaderReader } from './header-reader.ts';

/** Numbers of a list keep their width; a list of texts or of switches is a plain array. */
export type GgufList =
  | readonly string[]
  | readonly boolean[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** A 64-bit integer is a number where that is exact, otherwise a bigint. */
export type GgufValue = number | bigint | boolean | string | GgufList;

/** A kind of value of fixed width. */
interface Fixed {
  readonly bytes: number;
  one(view: DataView): number | bigint | boolean;
  list(buffer: ArrayBuffer): GgufList;
}

/** By their number in the file (`gguf_metadata_value_type`); 8 is a text and 9 a list. */
const fixed: ReadonlyMap<number, Fixed> = new Map<number, Fixed>([
  [0, { bytes: 1, one: (view) => view.getUint8(0), list: (buffer) => new Uint8Array(buffer) }],
  [1, { bytes: 1, one: (view) => view.getInt8(0), list: (buffer) => new Int8Array(buffer) }],
  [2, { bytes: 2, one: (view) => view.getUint16(0, true), list: (buffer) => new Uint16Array(buffer) }],
  [3, { bytes: 2, one: (view) => view.getInt16(0, true), list: (buffer) => new Int16Array(buffer) }],
  [4, { bytes: 4, one: (view) => view.getUint32(0, true), list: (buffer) => new Uint32Array(buffer) }],
  [5, { bytes: 4, one: (view) => view.getInt32(0, true), list: (buffer) => new Int32Array(buffer) }],
  [6, { bytes: 4, one: (view) => view.getFloat32(0, true), list: (buffer) => new Float32Array(buffer) }],
  [
    7,
    {
      bytes: 1,
      one: (view) => view.getUint8(0) !== 0,
      list: (buffer) => Array.from(new Uint8Array(buffer), (value) => value !== 0),
    },
  ],
  [10, { bytes: 8, one: (view) => view.getBigUint64(0, true), list: (buffer) => new BigUint64Array(buffer) }],
  [11, { bytes: 8, one: (view) => view.getBigInt64(0, true), list: (buffer) => new BigInt64Array(buffer) }],
  [12, { bytes: 8, one: (view) => view.getFloat64(0, true), list: (buffer) => new Float64Array(buffer) }],
]);
const text = 8;
const list = 9;
const flag = 7;
/** Vocabularies have up to a few hundred thousand tokens. */
const mostTexts = 10_000_000;
/** Switches are given for each layer. */
const mostFlags = 1_000_000;

/**
 * One value of GGUF's metadata, after its key.
 *
 * @throws LoadError at the key for an unknown kind, a length beyond the file, a text that is not UTF-8, and for lists of lists,
 * which no model has.
 */
export async function readValue(reader: HeaderReader, key: string): Promise<GgufValue> {
  await reader.need(4, key);
  const kind = reader.uint32();
  if (kind === text) return reader.text(key);
  if (kind === list) return readList(reader, key);
  const { bytes, one } = fixedKind(reader, key, kind);
  await reader.need(bytes, key);
  const value = one(new DataView(reader.bytes(bytes).buffer));
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

async function readList(reader: HeaderReader, key: string): Promise<GgufList> {
  await reader.need(12, key);
  const kind = reader.uint32();
  if (kind === list) reader.fail(key, 'lists of lists are not read');
  if (kind === text) {
    const count = reader.size(key, 8);
    if (count > mostTexts) reader.fail(key, `has ${count} texts; at most ${mostTexts} are read`);
    const texts: string[] = [];
    while (texts.length < count) texts.push(await reader.text(key));
    return texts;
  }
  const { bytes, list: toList } = fixedKind(reader, key, kind);
  const count = reader.size(key, bytes);
  // A switch takes one byte of the file and eight in memory.
  if (kind === flag && count > mostFlags) reader.fail(key, `has ${count} switches; at most ${mostFlags} are read`);
  await reader.need(count * bytes, key);
  return toList(reader.bytes(count * bytes).buffer);
}

function fixedKind(reader: HeaderReader, key: string, kind: number): Fixed {
  return fixed.get(kind) ?? reader.fail(key, `the kind of its value is ${kind}; known are 0 to 12`);
}
