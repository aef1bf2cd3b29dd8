import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { type Engine, LoadError, ParameterError } from '@tokenwright/core';
import { llama } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelInput } from './checkpoint/model-input.ts';
import { inspectModel } from './inspect.ts';
import { load, loadModel } from './load.ts';
import type { JsonObject } from './sources/json.ts';
import { files } from './sources/model-source.ts';
import { float32Value, int32, list, uint32 } from './testing/gguf-bytes.ts';
import { floats, ggufModel } from './testing/gguf-model.ts';
import { greedy } from './testing/greedy.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';

const pieces = ['<unk>', '<s>', '</s>', '▁', 'a', 'b', '▁a', 'ab', '<|im_end|>'];
const metadata = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': pieces,
  'tokenizer.ggml.scores': floats(pieces.map((_, id) => -id)),
  'tokenizer.ggml.token_type': list([2, 3, 3, 1, 1, 1, 1, 1, 3].map(int32)),
  'tokenizer.ggml.bos_token_id': uint32(1),
  'tokenizer.ggml.eos_token_id': uint32(2),
  'tokenizer.chat_template': "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}",
  'general.sampling.temp': float32Value(0.6),
  'general.sampling.top_k': uint32(20),
};
const config: JsonObject = {
  model_type: 'llama',
  vocab_size: pieces.length,
  max_position_embeddings: 16,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 32,
  tie_word_embeddings: true,
};

let engine: Engine;
let folder: string;
let path: string;
let bytes: Uint8Array<ArrayBuffer>;
let expected: number[];
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
  const architecture = llama as unknown as Architecture;
  const weights = seededWeights(architecture, architecture.configure(config));
  const prefixed = {
    ...weights,
    names: () => weights.names().map((name) => `model.${name}`),
    shape: (name: string) => weights.shape(name.slice(6)),
    read: (name: string) => weights.read(name.slice(6)),
  };
  bytes = new Uint8Array(await ggufModel({ config, weights: prefixed, metadata, type: 'Q8_0' }));
  folder = mkdtempSync(join(tmpdir(), 'tokenwright-gguf-'));
  path = join(folder, 'model.gguf');
  writeFileSync(path, bytes);
  expected = await written(bytes);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await engine.dispose();
});

async function written(input: ModelInput): Promise<number[]> {
  const { model, tokenizer, dispose } = await load(input, { engine });
  try {
    return await greedy(model, tokenizer.encode('ab a'), 4);
  } finally {
    dispose();
  }
}

describe('a GGUF file with a cut that is not known', () => {
  const unknown = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const architecture = llama as unknown as Architecture;
    const weights = seededWeights(architecture, architecture.configure(config));
    const prefixed = {
      ...weights,
      names: () => weights.names().map((name) => `model.${name}`),
      shape: (name: string) => weights.shape(name.slice(6)),
      read: (name: string) => weights.read(name.slice(6)),
    };
    const cut = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'a cut of tomorrow',
      'tokenizer.ggml.tokens': pieces,
      'tokenizer.ggml.merges': [] as string[],
    };
    return new Uint8Array(await ggufModel({ config, weights: prefixed, metadata: cut, type: 'Q8_0' }));
  };

  it('is inspected, and loaded with a tokenizer of its own', async () => {
    const file = await unknown();
    const inspection = await inspectModel(file);
    expect(inspection.family).toBe('llama');
    expect(inspection.tokenizer?.vocabSize).toBe(pieces.length);
    expect(inspection.tokenizer?.problem).toContain("tokenizer.ggml.pre: 'a cut of tomorrow' is not known");
    await expect(load(file, { engine })).rejects.toThrow(LoadError);
    await expect(load(file, { engine })).rejects.toThrow('load(file, { tokenizer:');

    const tokenizer = createTokenizer({ model: { type: 'WordLevel', vocab: { a: 4, b: 5 }, unk_token: 'a' } });
    await using loaded = await load(file, { engine, tokenizer });
    expect(loaded.tokenizer).toBe(tokenizer);
  });

  it('is not loaded with an object of another kind, and a bare model takes no tokenizer', async () => {
    const file = await unknown();
    await expect(load(file, { engine, tokenizer: {} as never })).rejects.toThrow(ParameterError);
    const tokenizer = createTokenizer({ model: { type: 'WordLevel', vocab: { a: 4 }, unk_token: 'a' } });
    await expect(loadModel(file, { engine, tokenizer })).rejects.toThrow('tokenizer must be undefined');
  });
});

describe('a GGUF file is loaded', () => {
  it.each<[string, () => ModelInput]>([
    ['by its path', () => path],
    ['by the folder that holds it', () => folder],
    ['by a file: URL', () => pathToFileURL(path)],
    ['as a Blob', () => new Blob([bytes])],
    ['as a File', () => new File([bytes], 'chosen.gguf')],
    ['as a handle of a file system', () => ({ getFile: async () => new File([bytes], 'model.gguf') })],
    ['as a response', () => new Response(bytes)],
    ['as an ArrayBuffer', () => bytes.slice().buffer],
    [
      'as one of a set of files',
      () => files({ 'x.gguf': bytes, 'mmproj-x.gguf': new Uint8Array(3), 'README.md': new Uint8Array() }),
    ],
  ])('%s', async (_, input) => {
    const before = engine.memory();
    expect(await written(input())).toEqual(expected);
    expect(engine.memory()).toEqual(before);
  });

  it('as an open file, which stays open', async () => {
    const file = await open(path);
    try {
      expect(await written(file)).toEqual(expected);
      expect((await file.stat()).size).toBe(bytes.length);
    } finally {
      await file.close();
    }
  });

  it('by a URL, in ranges', async () => {
    const ranges: string[] = [];
    const server = createServer((request, response) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      ranges.push(request.headers.range ?? 'whole');
      const [from, to] = [Number(range![1]), Math.min(Number(range![2]), bytes.length - 1)];
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${bytes.length}` });
      response.end(bytes.subarray(from, to + 1));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`;
      expect(await written(url)).toEqual(expected);
      expect(await written(new URL(url))).toEqual(expected);
      expect(ranges.every((range) => range !== 'whole')).toBe(true);
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('that is one of several, by its name', async () => {
    const several = files({ 'a.gguf': bytes, 'b.gguf': new Uint8Array(30), 'c.safetensors': new Uint8Array() }, 'mine');
    const loaded = await load(several, { engine, file: 'a.gguf' });
    expect(loaded.model.name).toBe('a.gguf');
    loaded.dispose();
    await expect(load(several, { engine, file: 'd.gguf' })).rejects.toThrow(
      'mine: there is no d.gguf; there is: a.gguf, b.gguf',
    );
    await expect(load(files({ 'a.gguf': bytes, 'b.gguf': bytes }, 'mine'), { engine })).rejects.toThrow(
      "mine: there are several GGUF files: a.gguf, b.gguf. Name one as the option 'file'",
    );
  });
});

describe('what comes with it', () => {
  it('tokenizer, chat template, end tokens and sampling as its makers advise', async () => {
    const {
      model,
      tokenizer,
      tokenizerConfig,
      chatTemplate,
      generationConfig,
      config: read,
      dispose,
    } = await load(path, { engine });
    expect(tokenizer.encode('ab')).toEqual([1, 6, 5]);
    expect(tokenizerConfig.eos_token).toBe('</s>');
    expect(chatTemplate!.sources.default).toContain('messages');
    // <|im_end|> ends a turn.
    expect(generationConfig).toEqual({ bos_token_id: 1, eos_token_id: [2, 8], temperature: 0.6, top_k: 20 });
    expect(model.defaults).toEqual({ decoderStartTokenIds: [1], eosTokenIds: [2, 8] });
    expect(read.model_type).toBe('llama');
    dispose();
  });

  it('a description without reading weights', async () => {
    const reads: number[] = [];
    const inspection = await inspectModel({
      name: 'x.gguf',
      size: bytes.length,
      read: async (from: number, to: number) => {
        reads.push(to);
        return bytes.slice(from, to);
      },
    });
    expect(inspection).toMatchObject({
      name: 'x.gguf',
      kind: 'gguf',
      family: 'llama',
      hasEncoder: false,
      dimensions: { vocabSize: 9, contextLength: 16, width: 32, layers: 1, kvHeads: 1, headDim: 16 },
      cacheBytesPerToken: 2 * 16 * 4,
      tokenizer: { kind: 'llama', model: 'BPE', vocabSize: 9, specialTokens: 4 },
      chatTemplate: true,
    });
    // This file is smaller than the first range, so that the header's one read is all there is.
    expect(reads.length).toBe(2);
  });
});

describe('a source that is not a model', () => {
  it.each<[string, () => ModelInput, string]>([
    [
      'bytes of another kind',
      () => new Uint8Array(64),
      'bytes: is not a GGUF file; load a model in safetensors by the folder',
    ],
    ['an empty file', () => new Blob([]), 'blob: is not a GGUF file'],
    ['a file that was cut off', () => bytes.slice(0, 100), 'should follow, but the file ends after'],
    ['weights that were cut off', () => bytes.slice(0, bytes.length - 64), 'of the data on, but the file holds'],
  ])('%s', async (_, input, message) => {
    const error = await load(input(), { engine }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toContain(message);
  });

  it('a Marian folder with a part of its tokenizer says what is missing', async () => {
    const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const marian = files(
      {
        'config.json': json({ model_type: 'marian' }),
        'source.spm': new Uint8Array(8),
        'target.spm': new Uint8Array(8),
      },
      'opus',
    );
    const error = await load(marian, { engine }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toMatch(
      /^opus: there is source\.spm and target\.spm, but a Marian tokenizer also needs vocab\.json; or a tokenizer\.json/,
    );
  });
});
