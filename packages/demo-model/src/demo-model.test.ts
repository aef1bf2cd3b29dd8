import { LoadError, ParameterError } from '@tokenwright/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { demoModel } from './index.ts';

const names = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

describe('demoModel', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ['story', 'gpt2', 11_844_568],
    ['story-amateur', 'gpt2', 792_544],
    ['translate', 'bart', 1_031_848],
  ] as const)('has every file of %s', async (name, family, bytes) => {
    const source = demoModel(name);
    expect(source.name).toBe(name);
    expect([...(await source.names())].sort()).toEqual(names);
    for (const file of names) expect((await source.file(file))?.size).toBeGreaterThan(0);

    const config = await source.file('config.json');
    expect(config?.name).toBe(`${name}/config.json`);
    const json = JSON.parse(new TextDecoder().decode(await config?.read(0, config.size)));
    expect(json.model_type).toBe(family);
    expect((await source.file('model.safetensors'))?.size).toBe(bytes);
  });

  it('gives story unless another is named', () => {
    expect(demoModel().name).toBe('story');
  });

  it('has no other files, also not by names that objects inherit', async () => {
    expect(await demoModel().file('expected.json')).toBeUndefined();
    expect(await demoModel().file('toString')).toBeUndefined();
    expect(() => demoModel('toString' as 'story')).toThrow(ParameterError);
    expect(() => demoModel('poem' as 'story')).toThrow(/one of story, story-amateur, translate, but 'poem' was given/);
  });

  it('gives copies', async () => {
    const file = (await demoModel().file('config.json'))!;
    const bytes = await file.read(0, 4);
    bytes.fill(0);
    expect((await file.read(0, 1))[0]).toBe(0x7b);
  });

  it('says that a server sent a page in place of a file', async () => {
    vi.stubGlobal('fetch', async () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }));
    vi.resetModules();
    vi.stubGlobal(
      'URL',
      class extends URL {
        constructor(path: string) {
          super(path, 'https://example.org/models/');
        }
      },
    );
    const { demoModel: served } = await import('./index.ts');
    await expect(served().file('config.json')).rejects.toThrow(
      /^story\/config\.json: cannot be read from https:.*the server sent a web page instead/,
    );
  });

  it('names the file and where it was looked for when it is gone', async () => {
    vi.stubGlobal('process', {
      getBuiltinModule: () => ({ readFile: () => Promise.reject(new Error('ENOENT')) }),
    });
    await expect(demoModel().file('config.json')).rejects.toThrow(LoadError);
    await expect(demoModel().file('config.json')).rejects.toThrow(
      /^story\/config\.json: cannot be read from file:.*models/,
    );
  });
});
