import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import {
  type Engine,
  LoadError,
  ParameterError,
  type Sampler,
  ShapeError,
  UnknownOptionError,
  UnsupportedError,
} from '@tokenwright/core';
import { gpt2 } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { load, loadModel } from './load.ts';
import type { ByteSource } from './sources/byte-source.ts';
import type { FileContents } from './sources/file-contents.ts';
import { files, folder, type ModelSource } from './sources/model-source.ts';
import { greedy } from './testing/greedy.ts';
import { float32, safetensorsBytes } from './testing/safetensors-bytes.ts';
import { hasShared, sharedUrl } from './testing/shared-data.ts';
import { tinyConfig, tinyTensors, tinyTokenizer } from './testing/tiny-gpt2.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const demo = (name: string): URL => new URL(`../../demo-model/models/${name}`, import.meta.url);

const asFile = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const bare = (others: Readonly<Record<string, FileContents>> = {}, tensors = tinyTensors()): ModelSource =>
  files({ 'config.json': asFile(tinyConfig), 'model.safetensors': safetensorsBytes(tensors), ...others }, 'tiny');

const tiny = (others: Readonly<Record<string, FileContents>> = {}, tensors = tinyTensors()): ModelSource =>
  bare({ 'tokenizer.json': asFile(tinyTokenizer), ...others }, tensors);

describe('load', () => {
  it('loads a folder, and the model writes what the reference writes', async () => {
    const expected = JSON.parse(readFileSync(new URL(`${demo('story-amateur').href}/expected.json`), 'utf8')) as {
      cases: { prompt: string; ids: number[]; greedy_ids: number[] }[];
    };
    const before = engine.memory();
    const progress: [number, number][] = [];
    const loaded = await load(folder(demo('story-amateur')), { engine, onProgress: (...seen) => progress.push(seen) });
    const { model, tokenizer, config, generationConfig } = loaded;
    expect(model.vocabSize).toBe(4096);
    expect(model.contextLength).toBe(512);
    expect(model.defaults).toEqual({ eosTokenIds: [0], decoderStartTokenIds: [0], maxNewTokens: 200 });
    expect(config.n_layer).toBe(2);
    expect(generationConfig.top_p).toBe(0.95);
    const { prompt, ids, greedy_ids: wanted } = expected.cases[0]!;
    expect(tokenizer.encode(prompt)).toEqual(ids);
    expect(await greedy(model, ids, 16)).toEqual(wanted.slice(0, 16));
    const [arrived, total] = progress.at(-1)!;
    expect(arrived).toBe(total);
    expect(progress.every(([now], i) => i === 0 || now >= progress[i - 1]![0])).toBe(true);
    loaded.dispose();
    loaded.dispose();
    expect(engine.memory()).toEqual(before);
  });

  it('loads from a path, from files in memory and from Blobs alike', async () => {
    const path = demo('story-amateur');
    const names = ['config.json', 'model.safetensors', 'tokenizer.json'];
    const bytes = Object.fromEntries(
      names.map((name) => [name, new Uint8Array(readFileSync(new URL(`${path.href}/${name}`)))]),
    );
    const blobs = Object.fromEntries(Object.entries(bytes).map(([name, content]) => [name, new Blob([content])]));
    const results: number[][] = [];
    for (const source of [folder(path).name, files(bytes), files(blobs)]) {
      const { model, tokenizer, dispose } = await load(source, { engine });
      results.push(await greedy(model, tokenizer.encode('Once upon a time'), 4));
      dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('loads without generation_config.json, and takes the end token from config.json', async () => {
    const { model, tokenizer, generationConfig, defaults, dispose } = await load(tiny(), { engine });
    expect(tokenizer.encode('bad')).toEqual([1, 0, 3]);
    expect(generationConfig).toEqual({});
    expect(model.name).toBe('tiny');
    expect(defaults).toEqual({ eosTokenIds: [7], decoderStartTokenIds: [7] });
    expect(model.defaults).toEqual(defaults);
    dispose();
  });

  it('turns the sampling parameters of the checkpoint into default samplers', async () => {
    const sampler: Sampler = { name: 'double', onHost: (logits) => logits.map((logit) => logit * 2) };
    const seen: unknown[] = [];
    const defaultSamplers = (config: unknown): Sampler[] => {
      seen.push(config);
      return [sampler];
    };
    const generation = { temperature: 0.6 };
    const sources = [tiny({ 'generation_config.json': asFile(generation) }), tiny()];
    for (const source of sources) {
      const { model, dispose } = await load(source, { engine, defaultSamplers });
      expect(model.defaults.samplers).toEqual([sampler]);
      dispose();
    }
    expect(seen).toEqual([generation, tinyConfig]);
  });

  it('is disposed by `using` and `await using`', async () => {
    const before = engine.memory();
    {
      using _first = await load(tiny(), { engine });
      await using _second = await loadModel(bare(), { engine });
      expect(engine.memory().buffers).toBeGreaterThan(before.buffers);
    }
    expect(engine.memory()).toEqual(before);
  });

  it('gives the same with and without the prefix of Hugging Face, and over shards', async () => {
    const entries = Object.entries(tinyTensors('transformer.'));
    const half = entries.length / 2;
    const parts = [Object.fromEntries(entries.slice(0, half)), Object.fromEntries(entries.slice(half))];
    const name = (i: number): string => `model-0000${i + 1}-of-00002.safetensors`;
    const map = Object.fromEntries(entries.map(([tensor], i) => [tensor, name(i < half ? 0 : 1)]));
    const sharded = files({
      'config.json': asFile(tinyConfig),
      'model.safetensors.index.json': asFile({ weight_map: map }),
      'tokenizer.json': asFile(tinyTokenizer),
      [name(0)]: safetensorsBytes(parts[0]!),
      [name(1)]: safetensorsBytes(parts[1]!),
    });
    const results: Float32Array[] = [];
    for (const source of [tiny(), tiny({}, tinyTensors('transformer.')), sharded]) {
      const { model, dispose } = await load(source, { engine });
      const cache = model.createCache();
      const result = model.forward([[1, 2, 3]], cache);
      results.push(await result.logits.read());
      result.dispose();
      cache.dispose();
      dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('takes a shorter context and a name', async () => {
    const { model, dispose } = await load(tiny(), { engine, contextLength: 3, name: 'mine' });
    expect([model.contextLength, model.name]).toEqual([3, 'mine']);
    dispose();
  });

  it('asks the given architectures first', async () => {
    const mine: Architecture = { ...(gpt2 as Architecture), name: 'mine' };
    const source = tiny({ 'config.json': asFile({ ...tinyConfig, model_type: 'mine' }) });
    const { model, dispose } = await load(source, { engine, architectures: [mine] });
    expect(model.vocabSize).toBe(8);
    dispose();
    await expect(load(source, { engine })).rejects.toThrow(
      "config.json: model_type: the family 'mine' is not known; known: gpt2, gpt_neo, gpt_neox, opt, llama, mistral, qwen2, qwen3, phi3, gemma2, gemma3_text, gemma3, t5, bart, marian. Others can be given to load as architectures",
    );
  });

  it.each<[string, () => ModelSource | string, new (...args: never[]) => Error, string | RegExp]>([
    [
      'no config.json',
      () => files({ 'a.onnx': new Uint8Array() }, 'mine'),
      LoadError,
      'mine: there is no config.json; there is: a.onnx',
    ],
    [
      'no model_type',
      () => tiny({ 'config.json': asFile({}) }),
      LoadError,
      'config.json: model_type: must name one of gpt2, gpt_neo',
    ],
    [
      'a config.json that is a list',
      () => tiny({ 'config.json': asFile([]) }),
      LoadError,
      'config.json: must hold a JSON object',
    ],
    [
      'a wrong value',
      () => tiny({ 'config.json': asFile({ ...tinyConfig, n_head: 3 }) }),
      LoadError,
      'config.json: n_head',
    ],
    [
      'no weights',
      () => files({ 'config.json': asFile(tinyConfig), 'tokenizer.json': asFile(tinyTokenizer) }, 'mine'),
      LoadError,
      'mine: there is no model.safetensors',
    ],
    [
      'a missing tensor',
      () => {
        const { 'h.0.mlp.c_fc.bias': _, ...rest } = tinyTensors();
        return tiny({}, rest);
      },
      LoadError,
      /h\.0\.mlp\.c_fc\.bias.*missing.*\[8\]/,
    ],
    [
      'a tensor of another shape',
      () => tiny({}, { ...tinyTensors(), 'wpe.weight': float32([2, 4], 1, 2, 3, 4, 5, 6, 7, 8) }),
      ShapeError,
      /'wpe\.weight' must have shape \[4, 2\], but it has \[2, 4\]/,
    ],
    [
      'a damaged tokenizer',
      () => tiny({ 'tokenizer.json': asFile({}) }),
      LoadError,
      'tokenizer.json: model: is missing',
    ],
    [
      'a wrong generation_config.json',
      () => tiny({ 'generation_config.json': asFile({ eos_token_id: 'end' }) }),
      LoadError,
      'generation_config.json: eos_token_id',
    ],
    ['a path that is not there', () => '/nowhere/at/all', LoadError, '/nowhere/at/all: there is no such folder'],
    ['a relative path that is not there', () => './nowhere', LoadError, './nowhere: there is no such folder'],
    ['a file', () => `${folder(new URL('.', import.meta.url)).name}load.ts`, LoadError, 'is a file; give the folder'],
  ])('refuses %s', async (_, source, type, message) => {
    const before = engine.memory();
    const error = await load(source(), { engine }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect(engine.memory()).toEqual(before);
  });

  it('checks shapes before it reads the weights', async () => {
    const source = tiny({}, { ...tinyTensors(), 'ln_f.bias': float32([3], 1, 2, 3) });
    const reads: number[] = [];
    const watched: ModelSource = {
      ...source,
      async file(name): Promise<ByteSource | undefined> {
        const file = await source.file(name);
        if (file === undefined || name !== 'model.safetensors') return file;
        return {
          ...file,
          read(from, to) {
            reads.push(to - from);
            return file.read(from, to);
          },
        };
      },
    };
    await expect(load(watched, { engine })).rejects.toThrow(ShapeError);
    // The header's length, the header, and a sample of the smallest tensors: never the large ones.
    expect(reads.slice(2).every((length) => length <= 32)).toBe(true);
  });

  it('says in a browser that it has no folders', async () => {
    vi.stubGlobal('process', undefined);
    await expect(load('./models/story', { engine }).finally(() => vi.unstubAllGlobals())).rejects.toThrow(
      UnsupportedError,
    );
  });

  it.each([
    ['onprogres', 'onProgress'],
    ['context_length', 'contextLength'],
    ['default_samplers', 'defaultSamplers'],
  ])('refuses the unknown option %s and names %s', async (option, nearest) => {
    const error = await load(tiny(), { engine, [option]: 1 } as never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnknownOptionError);
    expect((error as UnknownOptionError).nearest).toBe(nearest);
  });

  it('stops when the signal is aborted, before and while weights arrive', async () => {
    await expect(load(tiny(), { engine, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const before = engine.memory();
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error('enough'));
    await expect(load(tiny(), { engine, signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(engine.memory()).toEqual(before);
  });
});

describe('a model without a tokenizer', () => {
  it('is loaded by loadModel, which reads no tokenizer files', async () => {
    const loaded = await loadModel(bare({ 'tokenizer.json': asFile({}) }), { engine });
    expect(await greedy(loaded.model, [1, 2], 2)).toHaveLength(2);
    expect(Object.keys(loaded).sort()).toEqual(['config', 'defaults', 'dispose', 'generationConfig', 'model']);
    loaded.dispose();
  });

  it('is refused by load before weights are read, with what was looked for', async () => {
    const before = engine.memory();
    const onProgress = vi.fn();
    const error = await load(bare(), { engine, onProgress }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toBe(
      'tiny: there is no tokenizer: neither tokenizer.json nor vocab.json with merges.txt. loadModel loads models without one',
    );
    expect(onProgress).not.toHaveBeenCalled();
    expect(engine.memory()).toEqual(before);
  });
});

describe('the engine option', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['nothing', () => undefined, /a started engine \(such as .*\), but undefined was given/],
    ['a name', () => 'wasm', /a started engine \(such as .*\), but 'wasm' was given/],
    [
      'a promise',
      () => Promise.resolve(engine),
      /this is a promise: write `engine: await \.\.\.`\), but a promise was/,
    ],
    ['a starter', () => ({ name: 'x', start: async () => engine }), /not started: write `engine: await starter\.start/],
    ['a model', () => ({ forward() {}, createCache() {} }), /this is a language model/],
  ])('refuses %s', async (_, given, message) => {
    for (const options of [{ engine: given() }, given() === undefined ? undefined : { engine: given() }]) {
      const error = await load(tiny(), options as never).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ParameterError);
      expect(error).toMatchObject({ owner: 'load', parameter: 'engine', message: expect.stringMatching(message) });
    }
  });
});

describe.each(['gpt2-tiny', 'llama-tiny'])('%s', (name) => {
  const folderOfCases = `goldens/generate/${name}`;
  const path = sharedUrl(folderOfCases);
  it.skipIf(!hasShared(folderOfCases, `logits of ${name}`))('gives the logits of Hugging Face', async () => {
    const { cases } = JSON.parse(readFileSync(new URL(`${path.href}/cases.json`), 'utf8')) as {
      cases: { kind: string; input_ids: number[][]; attention_mask?: unknown; logits: number[][][] }[];
    };
    const { input_ids: rows, logits } = cases.find(
      (one) => one.kind === 'forward' && one.attention_mask === undefined,
    )!;
    const { model, dispose } = await loadModel(folder(path), { engine });
    const cache = model.createCache({ rows: rows.length });
    const result = model.forward(rows, cache, { scored: rows[0]!.length });
    const values = await result.logits.read();
    const wanted = logits.flat(2);
    expect(values.length).toBe(wanted.length);
    expect(Math.max(...wanted.map((value, i) => Math.abs(value - values[i]!)))).toBeLessThan(1e-4);
    result.dispose();
    cache.dispose();
    dispose();
  });
});
