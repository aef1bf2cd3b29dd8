import { LoadError } from '@tokenwright/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesSource } from '../sources/byte-source.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { byteChanges, changed, changedBytes, changes, fuzzRuns, type Json } from '../testing/mutations.ts';
import { float32, safetensorsBytes } from '../testing/safetensors-bytes.ts';
import { refusal } from '../testing/survival.ts';
import { openShards } from './shards.ts';

const shards: Readonly<Record<string, Uint8Array>> = {
  'model-00001-of-00002.safetensors': safetensorsBytes({ a: float32([2], 1, 2), b: float32([1], 3) }),
  'sub/model-00002-of-00002.safetensors': safetensorsBytes({ c: float32([1, 2], 4, 5) }),
};
const index: Json = {
  metadata: { total_size: 20 },
  weight_map: {
    a: 'model-00001-of-00002.safetensors',
    b: 'model-00001-of-00002.safetensors',
    c: 'sub/model-00002-of-00002.safetensors',
  },
};
const words = [
  'a',
  'c',
  'model-00001-of-00002.safetensors',
  '../model-00001-of-00002.safetensors',
  'sub/../../x',
  '/etc/passwd',
  'C:\\x',
  'a\0b',
  '.',
  'weight_map',
];

/** Open what the index says and read all of it. Only names within the model may be asked for. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  const source: ModelSource = {
    name: 'fuzz',
    async file(name) {
      if (/(^|\/)\.{0,2}(\/|$)|[\\:\0]/.test(name)) throw new Error(`was asked for '${name}'`);
      const shard = Object.hasOwn(shards, name) ? shards[name] : undefined;
      return shard && bytesSource(shard, name);
    },
  };
  const error = await refusal(async () => {
    const weights = await openShards(source, bytesSource(bytes, 'index.json'));
    for (const name of weights.names()) await weights.read(name);
  });
  if (error !== undefined) expect(error).toBeInstanceOf(LoadError);
  return error === undefined;
}

const encoded = (value: Json): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

it('answers every changed index with its tensors or a LoadError, and asks for no file outside', {
  timeout: 600_000,
}, async () => {
  expect(await survives(encoded(index))).toBe(true);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(changes(words), async (all) => {
      if (!(await survives(encoded(changed(index, all))))) refused++;
    }),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 4);
});

it('answers every changed byte with its tensors or a LoadError', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(byteChanges, async (all) => void (await survives(changedBytes(encoded(index), all)))),
    { numRuns: fuzzRuns },
  );
});
