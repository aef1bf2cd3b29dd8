import { LoadError } from '@tokenwright/core';
import type { ByteSource } from '../../sources/byte-source.ts';
import { partsOf } from '../../weights/gguf-parts.ts';
import { type GgufFile, openGguf } from './gguf-file.ts';
import { readInteger } from './keys.ts';

/** Opens another file of the same folder by its name within it; undefined when there is none. */
export type Sibling = (name: string) => Promise<ByteSource | undefined>;

/**
 * A model that llama-gguf-split wrote as several files, as one file. A file that is whole is returned as it is.
 *
 * @param file Any part.
 * @param name The name of the part within its folder.
 * @throws LoadError for a part that is missing, damaged, or of another model.
 */
export async function joinParts(file: GgufFile, name: string, sibling: Sibling | undefined): Promise<GgufFile> {
  const count = readInteger(file, 'split.count') ?? 0;
  if (count <= 1) return file;
  const names = partsOf(name);
  const own = readInteger(file, 'split.no') ?? 0;
  const fail = (problem: string, field = 'split.count'): never => {
    throw new LoadError(file.name, problem, field);
  };
  const part = `the file is part ${own + 1} of ${count}`;
  if (sibling === undefined) return fail(`${part}; give the folder that has all parts, or files({ ... })`);
  if (names?.length !== count)
    return fail(
      `${part}; its name must end in -${String(own + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`,
    );
  const sources = await Promise.all(names.map((one) => (one === name ? undefined : sibling(one))));
  const missing = names.filter((one, i) => one !== name && sources[i] === undefined);
  if (missing.length > 0) fail(`${missing.length} of ${count} parts are missing: ${missing.slice(0, 5).join(', ')}`);
  const parts = await Promise.all(sources.map((source) => (source === undefined ? file : openGguf(source))));

  const fileOf = new Map<string, GgufFile>();
  for (const [i, part] of parts.entries()) {
    if (readInteger(part, 'split.count') !== count || readInteger(part, 'split.no') !== i)
      throw new LoadError(part.name, `must be part ${i + 1} of ${count} by split.no and split.count`, 'split.no');
    for (const tensor of part.tensors.keys()) {
      if (fileOf.has(tensor)) throw new LoadError(part.name, 'the name occurs in two parts', tensor);
      fileOf.set(tensor, part);
    }
  }
  const first = parts[0]!;
  const total = readInteger(first, 'split.tensors.count') ?? fileOf.size;
  if (total !== fileOf.size)
    throw new LoadError(first.name, `is ${total}, but the parts hold ${fileOf.size} tensors`, 'split.tensors.count');
  const partWith = (tensor: string): GgufFile => {
    const part = fileOf.get(tensor);
    if (part === undefined) throw new LoadError(first.name, 'the tensor is missing', tensor);
    return part;
  };
  return {
    name: first.name,
    version: first.version,
    metadata: first.metadata,
    tensors: new Map(parts.flatMap((part) => [...part.tensors])),
    read: async (tensor) => partWith(tensor).read(tensor),
    readRows: async (tensor, from, rows) => partWith(tensor).readRows(tensor, from, rows),
  };
}
