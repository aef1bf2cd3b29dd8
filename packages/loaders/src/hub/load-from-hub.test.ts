import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

it('a name from before models had organizations is corrected', async () => {
  await expect(load('gpt2', { engine })).rejects.toThrow(
    "gpt2: there is no such folder or file; on the hub the model is named 'openai-community/gpt2'",
  );
});

it('the address of a model on a hub is understood, with its revision', async () => {
  const at = { endpoint: hub.endpoint, cache, token: false, retries: 0 } as const;
  for (const address of ['/org/name', '/org/name/tree/v1', '/org/name/blob/main/model.safetensors'])
    expect(await inspectModel(`${hub.endpoint}${address}`, { hub: at })).toMatchObject({ name: 'org/name' });
  await expect(inspectModel(`${hub.endpoint}/org/name/tree/v1`, { hub: { ...at, revision: 'main' } })).rejects.toThrow(
    /revision must be 'v1', as the address says, but 'main' was given/,
  );
});

it.each([
  ['/org/name', /sent a web page \(text\/html\).*give the name of the model, 'org\/name', with the hub as HF_ENDPOINT/],
  ['/org/name/blob/main/x.gguf', /'org\/name:x\.gguf'.*with \/resolve\/ in place of \/blob\//],
  ['/x.gguf', /the server sent a web page \(text\/html\) instead of the file, so it probably has no such file$/],
])('a web page of an unknown server at %s is refused', async (path, message) => {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${'x'.repeat(4000)}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const error = await inspectModel(`http://127.0.0.1:${port}${path}`).catch((cause: unknown) => cause);
  server.close();
  expect(error).toBeInstanceOf(LoadError);
  expect((error as LoadError).message).toMatch(message);
});
