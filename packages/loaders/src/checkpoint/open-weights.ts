import { LoadError } from '@tokenwright/core';
import { withQuantized } from '../quantization/open-quantized.ts';
import { checkModelSource } from '../sources/check-sources.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { openSafetensors } from '../weights/safetensors.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { openShards } from './shards.ts';

/**
 * The weights of a model: model.safetensors, or the files that model.safetensors.index.json names, or the only safetensors file
 * there is.
 *
 * @throws LoadError when there are none, or several to choose from; it names the weight files that are there.
 */
export async function openWeights(source: ModelSource): Promise<StoredWeights> {
  checkModelSource('openWeights', source);
  const single = await source.file('model.safetensors');
  if (single !== undefined) return withQuantized(await openSafetensors(single));
  const index = await source.file('model.safetensors.index.json');
  if (index !== undefined) return openShards(source, index);

  const names = (await source.names?.()) ?? [];
  const candidates = names.filter((name) => name.endsWith('.safetensors'));
  if (candidates.length === 1) return withQuantized(await openSafetensors((await source.file(candidates[0]!))!));
  if (candidates.length > 1)
    throw new LoadError(
      source.name,
      `there are several weight files and no model.safetensors.index.json: ${candidates.join(', ')}`,
    );
  const others = names.filter((name) => /\.(bin|pth?|ckpt|h5|msgpack|onnx|npz)$/.test(name));
  throw new LoadError(
    source.name,
    `there is no model.safetensors and no model.safetensors.index.json${
      others.length === 0 ? '' : `; ${others.join(', ')} cannot be read and must be converted`
    }`,
  );
}
