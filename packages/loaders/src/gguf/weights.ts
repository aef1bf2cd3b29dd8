import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../sources/json.ts';
import { checkRows, type StoredWeights } from '../weights/stored-weights.ts';
import { transposed } from '../weights/transpose.ts';
import { type GgufFamily, layerOf, type Published } from './families/family.ts';
import { type GgufFile, type GgufTensor, unread } from './file/gguf-file.ts';

/** What a name of Hugging Face's layout stands for. */
interface Mapped {
  readonly tensor: GgufTensor;
  readonly published: Published;
}

/**
 * The tensors of a GGUF file under the names, and in the layout, that Hugging Face's checkpoint of the family has.
 *
 * @throws LoadError for a tensor that the family does not know, as it may change the numbers, and for one whose type is not
 * read.
 */
export function ggufWeights(file: GgufFile, family: GgufFamily, config: JsonObject): StoredWeights {
  const known = family.tensors(config);
  const mapped = new Map<string, Mapped>();
  for (const tensor of file.tensors.values()) {
    if (family.beside?.includes(tensor.name)) continue;
    if (family.leftOut?.test(tensor.name)) continue;
    const { layer, pattern } = layerOf(tensor.name);
    const published = Object.hasOwn(known, pattern) ? known[pattern] : undefined;
    if (published === undefined)
      throw new LoadError(
        file.name,
        `the family '${family.architecture}' has no such tensor, and it may change the numbers`,
        tensor.name,
      );
    if (tensor.type.decode === undefined) throw unread(file.name, tensor);
    mapped.set(published.name.replace('{}', layer ?? ''), { tensor, published });
  }
  const zeros = missingBiases(file, family, config);

  const find = (name: string): Mapped => {
    const entry = mapped.get(name);
    if (entry === undefined) throw new LoadError(file.name, 'the tensor is missing', name);
    return entry;
  };

  const read = async (name: string): Promise<Float32Array> => {
    const length = zeros.get(name);
    if (length !== undefined) return new Float32Array(length);
    const entry = find(name);
    return publishedValues(await file.read(entry.tensor.name), entry);
  };

  return {
    name: file.name,
    names: () => [...mapped.keys(), ...zeros.keys()],
    format: (name) => (zeros.has(name) ? 'F32' : mapped.get(name)?.tensor.type.name),
    bytes: (name) => mapped.get(name)?.tensor.bytes ?? 0,
    shape(name) {
      const length = zeros.get(name);
      if (length !== undefined) return [length];
      const entry = mapped.get(name);
      return entry && shapeOf(entry);
    },
    read,
    async readRows(name, first, count) {
      if (zeros.has(name)) {
        checkRows(file.name, name, zeros.get(name)!, first, count);
        return new Float32Array(count);
      }
      const { tensor, published } = find(name);
      const width = this.shape(name)!
        .slice(1)
        .reduce((product, size) => product * size, 1);
      // Rows in another order, or stored as columns: the whole tensor is read.
      if (published.order !== undefined || published.transposed === true) {
        checkRows(file.name, name, this.shape(name)![0] ?? 1, first, count);
        return (await this.read(name)).slice(first * width, (first + count) * width);
      }
      const values = await file.readRows(tensor.name, first, count);
      const { plus = 0 } = published;
      return plus === 0 ? values : values.map((value) => value + plus);
    },
  };
}

/** Biases that the model has and the file leaves out, by their names in Hugging Face's layout, with their lengths. */
function missingBiases(file: GgufFile, family: GgufFamily, config: JsonObject): ReadonlyMap<string, number> {
  const known = family.tensors(config);
  const optional = new Set(family.optionalBiases?.(config));
  const missing = new Map<string, number>();
  for (const { name, shape } of file.tensors.values()) {
    const { layer, pattern } = layerOf(name);
    const map = pattern.replace(/\.weight$/, '');
    if (map === pattern || !optional.has(map) || file.tensors.has(name.replace(/weight$/, 'bias'))) continue;
    missing.set(known[`${map}.bias`]!.name.replace('{}', layer ?? ''), shape[0] ?? 1);
  }
  return missing;
}

function shapeOf({ tensor, published }: Mapped): readonly number[] {
  return published.transposed === true ? [...tensor.shape].reverse() : tensor.shape;
}

/** The values in Hugging Face's order. */
function publishedValues(values: Float32Array, { tensor, published }: Mapped): Float32Array {
  const { order, transposed: turned = false, plus = 0 } = published;
  const rows = tensor.shape[0] ?? 1;
  const columns = values.length / rows;
  let result = values;
  if (order !== undefined) {
    result = new Float32Array(values.length);
    for (const [row, from] of order(rows).entries())
      result.set(values.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  if (turned) result = transposed(values, rows, columns);
  if (plus !== 0) for (let i = 0; i < result.length; i++) result[i]! += plus;
  return result;
}
