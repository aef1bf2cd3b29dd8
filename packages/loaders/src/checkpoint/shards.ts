import { LoadError } from '@tokenwright/core';
import { withQuantized } from '../quantization/open-quantized.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import { checkModelSource } from '../sources/check-sources.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { openSafetensors } from '../weights/safetensors.ts';
import { readShardIndex } from '../weights/shard-index.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';

/**
 * The tensors of a checkpoint that is spread over several safetensors files.
 *
 * @param index the file model.safetensors.index.json, whose `weight_map` says which tensor is in which file.
 * @throws LoadError that names every missing file, a tensor that is not where the index says, or a file name that leads out of
 * the model.
 */
export async function openShards(source: ModelSource, index: ByteSource): Promise<StoredWeights> {
  checkModelSource('openShards', source);
  const fileOf = await readShardIndex(index);
  const files = [...new Set(fileOf.values())].sort();
  const sources = await Promise.all(files.map((file) => source.file(file)));
  const missing = files.filter((_, i) => sources[i] === undefined);
  if (missing.length > 0)
    throw new LoadError(index.name, `${missing.length} of ${files.length} files are missing: ${missing.join(', ')}`);
  const shards = await Promise.all(sources.map((shard) => openSafetensors(shard!).then(withQuantized)));

  const shardOf = new Map<string, StoredWeights>();
  files.forEach((file, i) => {
    // In the shard's own order, in which reading is cheapest.
    for (const tensor of shards[i]!.names()) if (fileOf.get(tensor) === file) shardOf.set(tensor, shards[i]!);
  });
  for (const [tensor, file] of fileOf)
    if (!shardOf.has(tensor))
      throw new LoadError(index.name, `the tensor is not in ${file}, where the index says that it is`, tensor);

  const shardWith = (name: string): StoredWeights => {
    const shard = shardOf.get(name);
    if (shard === undefined) throw new LoadError(index.name, 'the tensor is missing', name);
    return shard;
  };

  return {
    name: index.name,
    names: () => [...shardOf.keys()],
    shape: (name) => shardOf.get(name)?.shape(name),
    format: (name) => shardOf.get(name)?.format(name),
    bytes: (name) => shardOf.get(name)?.bytes(name) ?? 0,
    read: async (name) => shardWith(name).read(name),
    async readRows(name, first, count) {
      const shard = shardWith(name);
      // Every shard is a safetensors file, which can.
      return shard.readRows!(name, first, count);
    },
  };
}
