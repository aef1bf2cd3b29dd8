import { readFileSync } from 'node:fs';
import { llama } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import { seededWeights } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { inspectModel } from './inspect.ts';
import type { JsonObject } from './sources/json.ts';
import { files } from './sources/model-source.ts';
import { int32, list, uint32 } from './testing/gguf-bytes.ts';
import { ggufModel } from './testing/gguf-model.ts';
import { float32, safetensorsBytes } from './testing/safetensors-bytes.ts';
import { tinyConfig, tinyTensors, tinyTokenizer } from './testing/tiny-gpt2.ts';

/** Control tokens of a vocabulary, and those that llama.cpp ends a text at. */
interface Case {
  readonly name: string;
  readonly tokens: readonly string[];
  /** Token types, where they are not all control tokens. */
  readonly types?: readonly number[];
  readonly eos: string;
  readonly eot?: string;
  readonly eom?: string;
  readonly ends: readonly string[];
}

const { cases } = JSON.parse(readFileSync(new URL('./testing/recorded-end-tokens.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

/** GPT-2's characters for the 256 bytes. */
const bytes = (() => {
  const shown = [...Array(256).keys()].filter((byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173));
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(shown.includes(byte) ? byte : next++));
})();

async function ggufOf({ tokens, types, eos, eot, eom }: Case, template: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const vocabulary = [...bytes, ...tokens];
  const config: JsonObject = {
    model_type: 'llama',
    vocab_size: vocabulary.length,
    max_position_embeddings: 16,
    hidden_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 32,
    tie_word_embeddings: true,
  };
  const architecture = llama as unknown as Architecture;
  const weights = seededWeights(architecture, architecture.configure(config));
  const id = (token: string) => uint32(vocabulary.indexOf(token));
  const made = await ggufModel({
    config,
    type: 'F32',
    metadata: {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'llama-bpe',
      'tokenizer.ggml.tokens': vocabulary,
      'tokenizer.ggml.token_type': list(vocabulary.map((_, at) => int32(at < 256 ? 1 : (types?.[at - 256] ?? 3)))),
      'tokenizer.ggml.merges': ['h e'],
      'tokenizer.ggml.bos_token_id': uint32(256),
      'tokenizer.ggml.eos_token_id': id(eos),
      ...(eot === undefined ? {} : { 'tokenizer.ggml.eot_token_id': id(eot) }),
      ...(eom === undefined ? {} : { 'tokenizer.ggml.eom_token_id': id(eom) }),
      ...(template ? { 'tokenizer.chat_template': '{{ messages }}' } : {}),
    },
    weights: {
      ...weights,
      names: () => weights.names().map((name) => `model.${name}`),
      shape: (name: string) => weights.shape(name.slice(6)),
      read: (name: string) => weights.read(name.slice(6)),
    },
  });
  return new Uint8Array(made);
}

describe.each(cases)('the end tokens of $name', (given) => {
  it('are those of llama.cpp in a GGUF file, with a chat template and without one', async () => {
    const expected = given.ends.map((token) => 256 + given.tokens.indexOf(token)).sort((a, b) => a - b);
    for (const template of [false, true]) {
      const { defaults } = await inspectModel(await ggufOf(given, template));
      expect([...defaults.eosTokenIds!].sort((a, b) => a - b)).toEqual(expected);
    }
  });

  it('are the same in a folder, as far as its files name them', async () => {
    const first = 8;
    const source = files(
      {
        'config.json': asFile({ ...tinyConfig, vocab_size: first + given.tokens.length, eos_token_id: null }),
        'generation_config.json': asFile({ eos_token_id: first + given.tokens.indexOf(given.eos) }),
        'tokenizer.json': asFile({
          ...tinyTokenizer,
          added_tokens: given.tokens.map((content, at) => ({ id: first + at, content, special: at % 2 === 0 })),
        }),
        'model.safetensors': safetensorsBytes({
          ...tinyTensors(),
          'wte.weight': float32(
            [first + given.tokens.length, 2],
            ...new Array(2 * (first + given.tokens.length)).fill(0),
          ),
        }),
      },
      'mine',
    );
    const { defaults } = await inspectModel(source);
    const named = given.ends.filter((token) => token !== given.eot && token !== given.eom);
    expect([...defaults.eosTokenIds!].sort((a, b) => a - b)).toEqual(
      named.map((token) => first + given.tokens.indexOf(token)).sort((a, b) => a - b),
    );
  });
});

it("a folder's end tokens are those of generation_config.json first, then the tokenizer's", async () => {
  const source = files(
    {
      'config.json': asFile(tinyConfig),
      'generation_config.json': asFile({ eos_token_id: [3] }),
      'tokenizer.json': asFile(tinyTokenizer),
      'tokenizer_config.json': asFile({ eos_token: { content: '<end>' } }),
      'model.safetensors': safetensorsBytes(tinyTensors()),
    },
    'mine',
  );
  expect((await inspectModel(source)).defaults.eosTokenIds).toEqual([3, 7]);
});

function asFile(json: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(JSON.stringify(json)));
}
