import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { inspectModel } from './inspect.ts';
import type { JsonObject } from './sources/json.ts';
import { files } from './sources/model-source.ts';
import { ggufBytes } from './testing/gguf-bytes.ts';
import { safetensorsBytes } from './testing/safetensors-bytes.ts';
import { tinyConfig, tinyTensors, tinyTokenizer } from './testing/tiny-gpt2.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';
import { openSafetensors } from './weights/safetensors.ts';

const asFile = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const inspect = (config: object) =>
  inspectModel(
    files({
      'config.json': asFile(config),
      'model.safetensors': safetensorsBytes(tinyTensors()),
      'tokenizer.json': asFile(tinyTokenizer),
    }),
  );

const llama = {
  model_type: 'llama',
  vocab_size: 8,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  intermediate_size: 8,
  max_position_embeddings: 16,
};

const tokenizer = (parts: JsonObject) => createTokenizer({ ...(tinyTokenizer as JsonObject), ...parts });

/** Places where a file names an entry of one of our tables. */
const places: Record<string, (name: string) => unknown> = {
  'the family of config.json': (name) => inspect({ ...tinyConfig, model_type: name }),
  'an activation': (name) => inspect({ ...tinyConfig, activation_function: name }),
  'a rotary type': (name) => inspect({ ...llama, rope_scaling: { rope_type: name, factor: 2 } }),
  'the model of tokenizer.json': (name) => tokenizer({ model: { type: name, vocab: {}, merges: [] } }),
  'a normalizer': (name) => tokenizer({ normalizer: { type: name } }),
  'a pre-tokenizer': (name) => tokenizer({ pre_tokenizer: { type: name } }),
  'a post-processor': (name) => tokenizer({ post_processor: { type: name } }),
  'a decoder': (name) => tokenizer({ decoder: { type: name } }),
  'a special token of a template': (name) =>
    tokenizer({
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: name, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [],
        special_tokens: {},
      },
    }),
  'an unknown token': (name) =>
    tokenizer({ model: { type: 'WordLevel', vocab: { a: 0 }, unk_token: name } }).encode('zz'),
  'a number format': (name) => {
    const header = asFile({ a: { dtype: name, shape: [1], data_offsets: [0, 1] } });
    const bytes = new Uint8Array(8 + header.length + 1);
    bytes[0] = header.length;
    bytes.set(header, 8);
    return openSafetensors({ name: 'x', size: bytes.length, read: async (start, end) => bytes.slice(start, end) });
  },
  'the architecture of a GGUF': (name) =>
    inspectModel(ggufBytes({ metadata: { 'general.architecture': name }, tensors: [] })),
};

describe.each(Object.entries(places))('%s', (_, open) => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('may not be %s', async (name) => {
    await expect((async () => open(name))()).rejects.toThrow(LoadError);
  });
});

it.each(['constructor', 'toString', '__proto__'])('an option of config.json named %s is an option', async (name) => {
  const config = JSON.parse(JSON.stringify(tinyConfig).replace('{', `{"${name}": {"vocab_size": 3}, `)) as object;
  expect((await inspect(config)).dimensions).toEqual((await inspect(tinyConfig)).dimensions);
});
