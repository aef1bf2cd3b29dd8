import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../sources/byte-source.ts';
import type { FileContents } from '../sources/file-contents.ts';
import { files } from '../sources/model-source.ts';
import { float32, safetensorsBytes } from '../testing/safetensors-bytes.ts';
import { openWeights } from './open-weights.ts';
import { openShards } from './shards.ts';

const first = safetensorsBytes({ a: float32([2], 1, 2), extra: float32([1], 9) });
const second = safetensorsBytes({ b: float32([1, 1], 3), c: float32([1], 4) });
const index = (map: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map: map }));
const map = { c: 'x-2.safetensors', a: 'x-1.safetensors', b: 'x-2.safetensors' };
const open = (weightMap: unknown, contents: Record<string, FileContents> = {}) =>
  openShards(files(contents), bytesSource(index(weightMap), 'index.json'));

describe('openShards', () => {
  it('reads tensors from several files', async () => {
    const weights = await open(map, { 'x-1.safetensors': first, 'x-2.safetensors': second });
    expect(weights.name).toBe('index.json');
    expect(weights.names()).toEqual(['a', 'b', 'c']);
    expect(weights.shape('b')).toEqual([1, 1]);
    expect(weights.bytes('a')).toBe(8);
    expect([...(await weights.read('c'))]).toEqual([4]);
    expect([...(await weights.readRows!('a', 1, 1))]).toEqual([(await weights.read('a'))[1]]);
    expect(weights.shape('extra')).toBeUndefined();
    expect(weights.bytes('extra')).toBe(0);
    await expect(weights.read('extra')).rejects.toThrow('index.json: extra: the tensor is missing');
  });

  it('names every missing file', async () => {
    await expect(open({ ...map, d: 'x-3.safetensors' }, { 'x-1.safetensors': first })).rejects.toThrow(
      'index.json: 2 of 3 files are missing: x-2.safetensors, x-3.safetensors',
    );
  });

  it('names a tensor that is not where the index says', async () => {
    await expect(
      open({ ...map, b: 'x-1.safetensors' }, { 'x-1.safetensors': first, 'x-2.safetensors': second }),
    ).rejects.toThrow('index.json: b: the tensor is not in x-1.safetensors');
  });

  it.each(['../x-1.safetensors', '/etc/passwd', 'a/../../b', 'C:\\x', 'file:x', ''])(
    'refuses the file name %j',
    async (name) => {
      await expect(open({ a: name })).rejects.toThrow(LoadError);
      await expect(open({ a: name })).rejects.toThrow("leads out of the model's folder");
    },
  );

  it.each([
    [{ a: 1 }, 'index.json: a: the file must be given by its name'],
    [[], 'index.json: weight_map: must be an object'],
    [undefined, 'index.json: weight_map: must be an object'],
  ])('refuses the map %j', async (weightMap, message) => {
    await expect(open(weightMap)).rejects.toThrow(message);
  });

  it('refuses a tensor that occurs twice', async () => {
    const text = new TextEncoder().encode('{"weight_map":{"a":"x-1.safetensors","a":"x-2.safetensors"}}');
    await expect(openShards(files({}), bytesSource(text, 'index.json'))).rejects.toThrow('a: the name occurs twice');
  });
});

describe('openWeights', () => {
  it('prefers the single file, then the index, then the only file there is', async () => {
    const all = {
      'model.safetensors': first,
      'model.safetensors.index.json': index(map),
      'x-1.safetensors': first,
      'x-2.safetensors': second,
    };
    expect((await openWeights(files(all))).name).toBe('model.safetensors');
    const { 'model.safetensors': _, ...sharded } = all;
    expect((await openWeights(files(sharded))).name).toBe('model.safetensors.index.json');
    expect((await openWeights(files({ 'tiny.safetensors': first }))).name).toBe('tiny.safetensors');
  });

  it('says what is there instead', async () => {
    await expect(openWeights(files({ 'a.safetensors': first, 'b.safetensors': second }, 'mine'))).rejects.toThrow(
      'mine: there are several weight files and no model.safetensors.index.json: a.safetensors, b.safetensors',
    );
    await expect(openWeights(files({ 'pytorch_model.bin': first }, 'mine'))).rejects.toThrow(
      'pytorch_model.bin cannot be read and must be converted',
    );
    await expect(openWeights({ name: 'mine', file: async () => undefined })).rejects.toThrow(
      'mine: there is no model.safetensors',
    );
  });
});
