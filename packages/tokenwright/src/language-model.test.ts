import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { demoModel } from '@tokenwright/demo-model';
import { convertModel, folderSink } from '@tokenwright/loaders/convert';
import { greedy } from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LanguageModelSource, type LocalModel, languageModel } from './index.ts';
import { coreIds } from './testing/ids.ts';
import { tinyGguf } from './testing/tiny-gguf.ts';

const models = fileURLToPath(new URL('../../demo-model/models/', import.meta.url));
const fileNames = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
];
const options = { threads: 1 } as const;
const call = { temperature: 0, maxNewTokens: 8 } as const;

let lm: LocalModel;
beforeAll(async () => {
  lm = await languageModel('story', options);
});
afterAll(() => lm.dispose());

describe('the first lines', () => {
  it('generate text, and report how', async () => {
    const {
      text,
      finishReason,
      usage,
      timing,
      options: report,
      ids,
    } = await lm.generate('Once upon a time', {
      temperature: 0.8,
      topP: 0.95,
      seed: 7,
      maxNewTokens: 20,
    });
    expect(text.length).toBeGreaterThan(20);
    expect(finishReason).toBe('length');
    expect(usage).toMatchObject({ completionTokens: 20, cachedTokens: 0 });
    expect(ids).toHaveLength(20);
    expect(timing.total).toBeGreaterThan(0);
    expect(report.seed).toEqual({ value: 7, source: 'call' });
  });

  it('stream pieces that are the text', async () => {
    const pieces: string[] = [];
    const stream = lm.stream('Once upon a time', { seed: 7, maxNewTokens: 20 });
    for await (const piece of stream) pieces.push(piece);
    const { text } = await stream.result;
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join('')).toBe(text);
    expect((await lm.generate('Once upon a time', { seed: 7, maxNewTokens: 20 })).text).toBe(text);
  });

  it('record the seed, which gives the text again', async () => {
    const first = await lm.generate('A', { maxNewTokens: 12 });
    const { value, source } = first.options.seed!;
    expect(source).toBe('library default');
    expect((await lm.generate('A', { maxNewTokens: 12, seed: value as number })).ids).toEqual(first.ids);
  });

  it('report what was loaded, and on what', async () => {
    expect(lm.info).toMatchObject({
      name: 'story',
      family: 'gpt2',
      hasEncoder: false,
      hasChatTemplate: false,
      generationConfig: { temperature: 0.8, top_p: 0.95 },
      engine: { engine: 'fused wasm', weights: 'f32', threads: 1 },
    });
    expect(lm.info.parameters).toBeGreaterThan(5e6);
    expect(lm.info.modelBytes).toBeGreaterThan(11e6);
    expect(lm.info.engine.summary).toMatch(/^fused wasm, f32 weights, 1 thread: /);
    expect((await lm.memory()).bytes).toBeGreaterThan(lm.info.parameters * 4);
  });

  it('give access to what is below', async () => {
    expect(await coreIds(lm, 'The', { samplers: [greedy()], maxNewTokens: 8 })).toEqual(
      (await lm.generate('The', call)).ids,
    );
    expect(lm.engine.name).toBe('fused wasm');
    expect(() => lm.sequenceToSequence).toThrow(/has no encoder: use `model`/);
  });
});

describe('sources', () => {
  let folder: string;
  let server: Server;
  let base: string;
  const requested: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokenwright-sources-'));
    await cp(join(models, 'story-amateur'), join(folder, 'model'), { recursive: true });
    await cp(join(models, 'story-amateur'), join(folder, 'page'), { recursive: true });
    server = createServer(async (request, response) => {
      requested.push(request.url!);
      const bytes = await readFile(join(folder, decodeURIComponent(request.url!))).catch(() => undefined);
      // As a server of a single-page application does.
      if (bytes === undefined && request.url!.startsWith('/page/'))
        return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html><p>app</p>');
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  const file = async (name: string): Promise<File> =>
    new File([await readFile(join(models, 'story-amateur', name))], name);
  const inFolder = async (name: string): Promise<File> =>
    Object.defineProperty(await file(name), 'webkitRelativePath', { value: `my model/${name}` });

  it.each<[string, () => LanguageModelSource | Promise<LanguageModelSource>]>([
    ['the name of a bundled model', () => 'story-amateur'],
    ['the path of a folder', () => join(folder, 'model')],
    ['the URL of a folder on disk', () => new URL(`file://${folder}/model`)],
    ['the URL of a folder on a server', () => `${base}/model`],
    ['the same as a URL object', () => new URL(`${base}/model/`)],
    ['a folder of a server that sends a page for what it lacks', () => `${base}/page`],
    ['files that a person chose', () => Promise.all(fileNames.map(file))],
    ['a folder that a person chose', () => Promise.all(fileNames.map(inFolder))],
    ['a source of the loaders', () => demoModel('story-amateur')],
  ])('%s', async (_, source) => {
    await using expected = await languageModel('story-amateur', options);
    await using loaded = await languageModel(await source(), options);
    expect((await loaded.generate('The night', call)).ids).toEqual((await expected.generate('The night', call)).ids);
  });

  it('on a server: fetches what there is, and each file once', () => {
    expect(requested.filter((url) => url.endsWith('/model.safetensors')).length).toBeGreaterThan(0);
    expect(requested.filter((url) => url.endsWith('/tokenizer.json')).length).toBeLessThanOrEqual(4);
  });

  it.each<[string, (gguf: Uint8Array<ArrayBuffer>) => LanguageModelSource]>([
    ['bytes', (gguf) => gguf],
    ['a Blob', (gguf) => new Blob([gguf])],
    ['a response', (gguf) => new Response(gguf)],
    ['a file that a person chose', (gguf) => [new File([gguf], 'tiny.gguf')]],
    ['a path', () => join(folder, 'tiny.gguf')],
    ['a URL', () => `${base}/tiny.gguf`],
    ['a folder that has one', () => folder],
  ])('a GGUF file: %s', async (_, source) => {
    const gguf = Uint8Array.from(tinyGguf());
    await writeFile(join(folder, 'tiny.gguf'), gguf);
    await using loaded = await languageModel(source(gguf), options);
    expect(loaded.info).toMatchObject({ family: 'llama', contextLength: 32 });
    const { ids } = await loaded.generate('abc', { maxNewTokens: 5, eosTokenIds: [] });
    await using again = await languageModel(gguf, options);
    expect(ids).toEqual((await again.generate('abc', { maxNewTokens: 5, eosTokenIds: [] })).ids);
    expect(ids).toHaveLength(5);
  });

  it('files of which none is a model are refused, and listed', async () => {
    await expect(languageModel([new File(['x'], 'notes.txt')])).rejects.toThrow(
      /none is config\.json or a \.gguf file; there is: notes\.txt/,
    );
  });

  it('a folder that was quantized', async () => {
    const sink = folderSink(join(folder, '8-bit'));
    await convertModel(demoModel('story-amateur'), sink, { format: '8-bit' });
    await using loaded = await languageModel(join(folder, '8-bit'), options);
    expect(loaded.info.modelBytes).toBeLessThan(600_000);
    expect((await loaded.generate('The night', call)).ids).toHaveLength(8);
  });

  it('a hub name goes to the hub, with the options of it', async () => {
    const request = vi.fn<typeof fetch>(async () => new Response('{"error":"Repository not found"}', { status: 404 }));
    const cache = join(folder, 'cache');
    for (const source of [
      'some-org/some-model',
      'https://huggingface.co/some-org/some-model',
      new URL('https://huggingface.co/some-org/some-model/tree/main'),
      'hf.co/some-org/some-model',
    ])
      await expect(languageModel(source, { hub: { fetch: request, cache, retries: 0 } })).rejects.toThrow(/some-org/);
    expect(String(request.mock.calls[0]![0])).toContain('some-org/some-model');
  });
});

describe('engines', () => {
  it('a name, a starter, and an engine that stays the caller’s', async () => {
    for (const engine of ['tfjs-cpu', fusedWasm({ threads: 1 })] as const) {
      await using loaded = await languageModel('story-amateur', { engine });
      expect(loaded.info.engine).toMatchObject({
        engine: typeof engine === 'string' ? 'tfjs cpu' : 'fused wasm',
        reason: expect.stringMatching(/asked for/),
      });
    }
    const engine = await fusedWasm({ threads: 1 }).start();
    const before = engine.memory();
    const loaded = await languageModel('story-amateur', { engine });
    expect(loaded.engine).toBe(engine);
    expect((await loaded.generate('A', call)).ids).toHaveLength(8);
    await loaded.dispose();
    expect(engine.memory()).toEqual(before);
    await engine.dispose();
  });

  it('weights', async () => {
    await using loaded = await languageModel('story-amateur', { ...options, weights: '8-bit' });
    await using exact = await languageModel('story-amateur', options);
    expect(loaded.info.engine.weights).toBe('8-bit');
    expect((await loaded.memory()).bytes).toBeLessThan((await exact.memory()).bytes);
  });
});

describe('the life of a model', () => {
  it('reports progress, and is stopped by a signal', async () => {
    const engine = await fusedWasm({ threads: 1 }).start();
    const before = engine.memory();
    const steps: string[] = [];
    const controller = new AbortController();
    const loading = languageModel('story', {
      engine,
      signal: controller.signal,
      onProgress({ step, loaded, total }) {
        steps.push(step);
        if (loaded > total / 2) controller.abort(new Error('enough'));
      },
    });
    await expect(loading).rejects.toThrow('enough');
    expect(steps).toContain('load');
    expect(engine.memory()).toEqual(before);
    await engine.dispose();
  });

  it('leaves nothing on the engine: calls that end, fail, are left, aborted, and abandoned', async () => {
    const engine = await fusedWasm({ threads: 1 }).start();
    const before = engine.memory();
    {
      await using loaded = await languageModel('story-amateur', { engine, chatTemplate: '{{ messages[0].content }}' });
      const idle = engine.memory();
      await loaded.generate('A', call);
      await loaded.generate('A', { topP: 7 }).catch(() => {});
      for await (const _ of loaded.stream('A')) break;
      await loaded.generate('A', { signal: AbortSignal.timeout(5) });
      await loaded.generateBatch(['A', 'The old man'], call);
      await loaded.score('The old man');
      expect(engine.memory()).toEqual(idle);
      await loaded.chat([{ role: 'user', content: 'A' }], call);
      // Begun, and never read to its end.
      await loaded.stream('A')[Symbol.asyncIterator]().next();
      expect(engine.memory().bytes).toBeGreaterThan(idle.bytes);
    }
    expect(engine.memory()).toEqual(before);
    await engine.dispose();
  });

  it('dispose ends running calls, which keep what they have', async () => {
    const loaded = await languageModel('story-amateur', options);
    const stream = loaded.stream('A', { maxNewTokens: 200 });
    const pieces: string[] = [];
    for await (const piece of stream) {
      pieces.push(piece);
      if (pieces.length === 3) void loaded.dispose();
    }
    const { finishReason, text } = await stream.result;
    expect(finishReason).toBe('abort');
    expect(text).toBe(pieces.join(''));
    expect(pieces.length).toBeLessThan(20);
  });

  it('a signal ends a call, which keeps what it has', async () => {
    const controller = new AbortController();
    const call = lm.generate('A', { signal: controller.signal, maxNewTokens: 200 });
    let count = 0;
    for await (const _ of call) if (++count === 4) controller.abort();
    const { finishReason, usage } = await call;
    expect(finishReason).toBe('abort');
    expect(usage.completionTokens).toBeLessThan(10);
    expect((await lm.generate('A', { signal: AbortSignal.abort() })).finishReason).toBe('abort');
  });

  it('calls at the same time are as calls alone', async () => {
    const prompts = ['The old', 'A young man', 'Once upon a time', 'In the'];
    const settings = (at: number) => ({ seed: at, temperature: 0.9, maxNewTokens: 16 });
    const alone: string[] = [];
    for (const [at, prompt] of prompts.entries()) alone.push((await lm.generate(prompt, settings(at))).text);
    const together = await Promise.all(prompts.map((prompt, at) => lm.generate(prompt, settings(at))));
    expect(together.map(({ text }) => text)).toEqual(alone);
  });
});

describe('batches, scores, probabilities', () => {
  it('a batch is the texts of each prompt alone', async () => {
    const prompts = ['The old man', 'A'];
    const batch = await lm.generateBatch(prompts, call);
    for (const { promptIndex, sequence, text } of batch) {
      expect(sequence).toBe(0);
      expect(text).toBe((await lm.generate(prompts[promptIndex]!, call)).text);
    }
    expect(batch).toHaveLength(2);
    expect(await lm.generateBatch([])).toEqual([]);
    const several = await lm.generateBatch(['A'], { numReturnSequences: 3, temperature: 1, maxNewTokens: 6, seed: 1 });
    expect(several.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(new Set(several.map(({ text }) => text)).size).toBe(3);
  });

  it('a text has a probability, token by token', async () => {
    const { tokens, total, perplexity } = await lm.score('The old man went away', { top: 2 });
    expect(tokens.map(({ text }) => text).join('')).toBe(' old man went away');
    expect(tokens.reduce((sum, { logprob }) => sum + logprob, 0)).toBeCloseTo(total, 6);
    expect(perplexity).toBeCloseTo(Math.exp(-total / tokens.length), 6);
    const nonsense = await lm.score('The away went man old');
    expect(nonsense.perplexity).toBeGreaterThan(perplexity);
    await expect(lm.score('a b', { source: 'x' })).rejects.toThrow(/source must be left out/);
  });

  it('tokens are reported when they are asked for', async () => {
    const { tokens, ids } = await lm.generate('A', { ...call, topLogprobs: 3 });
    expect(tokens!.map(({ id }) => id)).toEqual(ids);
    expect(tokens![0]!.top).toHaveLength(3);
    expect(tokens![0]!.top![0]!.id).toBe(ids[0]);
    expect((await lm.generate('A', call)).tokens).toBeUndefined();
  });

  it('ids are a prompt', async () => {
    const ids = lm.tokenizer.encode('The old');
    expect((await lm.generate(ids, call)).ids).toEqual((await lm.generate('The old', call)).ids);
    expect((await lm.generate(Int32Array.from(ids), call)).ids).toEqual((await lm.generate(ids, call)).ids);
  });
});

describe('an encoder-decoder model', () => {
  let translator: LocalModel;
  beforeAll(async () => {
    translator = await languageModel('translate', options);
  });
  afterAll(() => translator.dispose());

  it('translates, by the strategy of its checkpoint', async () => {
    const { text, options: report, finishReason } = await translator.generate('Der Hund läuft.');
    expect(text).toMatch(/dog/i);
    expect(finishReason).toBe('stop');
    expect(report.strategy).toMatchObject({ value: { name: 'beam-search' }, source: 'preset' });
    expect((await translator.generate('Der Hund läuft.', { numBeams: 1 })).options.strategy).toBeUndefined();
  });

  it('translates a batch, and scores a translation', async () => {
    const sources = ['Der Hund läuft.', 'Die Katze schläft.'];
    const batch = await translator.generateBatch(sources);
    expect(batch.map(({ text }) => text)).toEqual([
      (await translator.generate(sources[0]!)).text,
      (await translator.generate(sources[1]!)).text,
    ]);
    const good = await translator.score(batch[0]!.text, { source: sources[0]! });
    const bad = await translator.score(batch[1]!.text, { source: sources[0]! });
    expect(good.perplexity).toBeLessThan(bad.perplexity);
    await expect(translator.score('The dog runs.')).rejects.toThrow(/source must be one text/);
  });

  it('says what it has instead of a model and a chat', async () => {
    expect(() => translator.model).toThrow(/lm\.sequenceToSequence\.encode/);
    await expect(translator.chat([{ role: 'user', content: 'x' }])).rejects.toThrow(/lm\.generate\(source\)/);
    const before = await translator.memory();
    await translator.generate('Der Hund läuft.');
    expect(await translator.memory()).toEqual(before);
  });
});
