import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { type Engine, LoadError } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectModel } from '../inspect.ts';
import { load } from '../load.ts';
import { type HubServer, hubServer } from '../testing/hub-server.ts';

const models = fileURLToPath(new URL('../../../demo-model/models/', import.meta.url));
const read = (name: string): Uint8Array => readFileSync(join(models, 'story-amateur', name));

let engine: Engine;
let hub: HubServer;
const cache = mkdtempSync(join(tmpdir(), 'tokenwright-hub-'));
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
  hub = await hubServer({
    'config.json': read('config.json'),
    'generation_config.json': read('generation_config.json'),
    'tokenizer.json': read('tokenizer.json'),
    'tokenizer_config.json': JSON.stringify({ chat_template: '{{ messages[0].content }}' }),
    'model.safetensors': read('model.safetensors'),
  });
});
afterAll(async () => {
  await hub.close();
  await engine.dispose();
  rmSync(cache, { recursive: true });
});

it('load takes the name of a model on a hub', async () => {
  const at = { endpoint: hub.endpoint, cache, token: false, retries: 0 } as const;
  const before = engine.memory();
  const steps: number[] = [];
  const loaded = await load('org/name', { engine, hub: { ...at, onProgress: (now) => steps.push(now.loaded) } });
  expect(loaded.model.name).toBe('org/name');
  expect(loaded.tokenizer?.decode(loaded.tokenizer.encode('The old king'))).toBe('The old king');
  expect(loaded.chatTemplate?.names).toEqual(['default']);
  expect(steps.at(-1)).toBeGreaterThan(read('model.safetensors').length);
  loaded.dispose();
  expect(engine.memory()).toEqual(before);

  const offline = { ...at, offline: true };
  expect(await inspectModel('org/name', { hub: offline })).toMatchObject({ family: 'gpt2', chatTemplate: true });
  const error = await load('org/name', { engine, file: 'q4_0', hub: at }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(LoadError);
  expect(engine.memory()).toEqual(before);
});

it('a name that is neither a path nor that of a model is an error that says both', async () => {
  await expect(load('nowhere', { engine })).rejects.toThrow(
    "nowhere: there is no such folder or file; a model on a hub is named 'organization/name'",
  );
});
