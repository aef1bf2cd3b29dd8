import { LoadError } from '@tokenwright/core';
import type { ByteSource } from '../sources/byte-source.ts';
import { isObject, readJson } from '../sources/json.ts';
import { checkFileName } from '../sources/model-source.ts';

/**
 * The file of each tensor, as model.safetensors.index.json gives it.
 *
 * @throws LoadError for an index that is damaged or names a file that leads out of the model.
 */
export async function readShardIndex(index: ByteSource): Promise<ReadonlyMap<string, string>> {
  const { weight_map: map } = await readJson(index);
  if (!isObject(map))
    throw new LoadError(index.name, 'must be an object that gives the file of each tensor', 'weight_map');
  const fileOf = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string') throw new LoadError(index.name, 'the file must be given by its name', tensor);
    fileOf.set(tensor, checkFileName(index.name, file));
  }
  return fileOf;
}
