import { LoadError, ShapeError } from '@tokenwright/core';
import { isObject, parseJsonObject, shownJson } from '../sources/json.ts';
import type { SafetensorsFile } from '../weights/safetensors.ts';
import { checkRows, type StoredWeights } from '../weights/stored-weights.ts';
import { transposed } from '../weights/transpose.ts';
import type { QuantizedFormat, StoredAs } from './quantized-format.ts';
import { quantizedFormats } from './quantized-formats.ts';

/** The key of `__metadata__` under which a file of ours describes its quantized tensors. */
export const quantizedKey = 'tokenwright.quantized';

/** One entry of the description, by the tensor's own name. */
export interface QuantizedEntry {
  readonly format: string;
  /** The tensor's own shape, in the checkpoint's layout. */
  readonly shape: readonly [number, number];
  /** The checkpoint has a row for each input; what is packed has one for each output. */
  readonly transposed?: boolean;
}

interface QuantizedTensor {
  readonly entry: QuantizedEntry;
  readonly format: QuantizedFormat;
  readonly packed: string;
  readonly scales: string;
}

/**
 * The tensors of a safetensors file, those that we quantized under their own names and as float32. A file without such tensors is
 * returned as it is.
 *
 * @throws LoadError for a description that is damaged, ShapeError for tensors that do not fit it.
 */
export function withQuantized(file: SafetensorsFile): StoredWeights {
  const text = file.metadata.get(quantizedKey);
  if (text === undefined) return file;
  const tensors = new Map<string, QuantizedTensor>();
  const parts = new Set<string>();
  for (const [name, value] of Object.entries(parseJsonObject(`${file.name}: __metadata__.${quantizedKey}`, text))) {
    const tensor = readEntry(file, name, value);
    tensors.set(name, tensor);
    for (const part of [tensor.packed, tensor.scales]) parts.add(part);
  }
  const names = file.names().flatMap((name) => {
    if (!parts.has(name)) return [name];
    const own = name.slice(0, -'.packed'.length);
    return tensors.has(own) && name.endsWith('.packed') ? [own] : [];
  });

  const read = async (name: string): Promise<Float32Array> => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return file.read(name);
    const { entry, format } = tensor;
    const [rows, columns] = rowsOf(entry);
    const values = format.decode(await file.readBytes(tensor.packed), await file.read(tensor.scales), columns);
    return entry.transposed === true ? transposed(values, rows, columns) : values;
  };

  return {
    name: file.name,
    names: () => names,
    shape: (name) => tensors.get(name)?.entry.shape ?? (parts.has(name) ? undefined : file.shape(name)),
    format: (name) => tensors.get(name)?.format.name ?? file.format(name),
    bytes(name) {
      const tensor = tensors.get(name);
      return tensor === undefined ? file.bytes(name) : file.bytes(tensor.packed) + file.bytes(tensor.scales);
    },
    read,
    async readRows(name, first, count) {
      const tensor = tensors.get(name);
      if (tensor === undefined) return file.readRows(name, first, count);
      const { entry, format, packed, scales } = tensor;
      checkRows(file.name, name, entry.shape[0], first, count);
      // Columns of the packed matrix are not contiguous: the whole tensor is read.
      if (entry.transposed === true)
        return (await read(name)).slice(first * entry.shape[1], (first + count) * entry.shape[1]);
      return format.decode(
        await file.readBytes(packed, first, count),
        await file.readRows(scales, first, count),
        entry.shape[1],
      );
    },
  };
}

function readEntry(file: SafetensorsFile, name: string, value: unknown): QuantizedTensor {
  const field = `__metadata__.${quantizedKey}.${name}`;
  const fail = (problem: string): never => {
    throw new LoadError(file.name, problem, field);
  };
  if (!isObject(value)) return fail('must be an object with format and shape');
  const { format: formatName, shape, transposed: turned = false } = value;
  const format = typeof formatName === 'string' ? quantizedFormats.get(formatName) : undefined;
  if (format === undefined)
    return fail(
      `the format must be one of ${[...quantizedFormats.keys()].join(', ')}, but is ${shownJson(formatName)}`,
    );
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every((size) => Number.isSafeInteger(size) && size > 0))
    return fail(`the shape must be two positive integers, but is ${shownJson(shape)}`);
  if (typeof turned !== 'boolean') return fail(`transposed must be true or false, but is ${shownJson(turned)}`);
  if (file.shape(name) !== undefined) return fail('the tensor is also in the file unquantized');

  const entry: QuantizedEntry = { format: format.name, shape: [shape[0], shape[1]], transposed: turned };
  const [rows, columns] = rowsOf(entry);
  const check = (part: string, { dtype, shape: shapeOf }: StoredAs): string => {
    const received = file.shape(part);
    if (received === undefined) throw new LoadError(file.name, 'the tensor is missing', part);
    const expected = shapeOf(rows, columns);
    if (received.length !== expected.length || received.some((size, i) => size !== expected[i]))
      throw new ShapeError(`${file.name}: the tensor '${part}'`, expected, received);
    if (file.format(part) !== dtype)
      throw new LoadError(file.name, `must be stored as ${dtype}, but is ${file.format(part)}`, part);
    return part;
  };
  return {
    entry,
    format,
    packed: check(`${name}.packed`, format.packed),
    scales: check(`${name}.scales`, format.scales),
  };
}

/** Rows and columns as packed: a row for each output. */
function rowsOf({ shape, transposed: turned }: QuantizedEntry): readonly [number, number] {
  return turned === true ? [shape[1], shape[0]] : shape;
}
