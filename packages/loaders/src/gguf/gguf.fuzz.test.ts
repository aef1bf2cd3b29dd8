import { LoadError } from '@tokenwright/core';
import { gemma2, gpt2, llama, t5 } from '@tokenwright/core/architectures';
import { type Architecture, requestWeights, type WeightSource } from '@tokenwright/core/engine';
import { seededWeights } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { architectureOf } from '../checkpoint/families.ts';
import { readDefaults } from '../generation-config.ts';
import type { JsonObject } from '../sources/json.ts';
import { blockFormat } from '../testing/gguf-blocks.ts';
import {
  float32Value,
  type GgufTestFile,
  type GgufTestTensor,
  ggufBytes,
  int32,
  list,
  uint32,
  uint64,
} from '../testing/gguf-bytes.ts';
import { floats, ggufModel } from '../testing/gguf-model.ts';
import { borderNumber, byteChanges, changedBytes, fuzzRuns } from '../testing/mutations.ts';
import { AllocationError, allocatingAtMost, refusal, watchedSource } from '../testing/survival.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';
import { openGgufCheckpoint } from './checkpoint.ts';
import { openGguf } from './file/gguf-file.ts';
import type { GgufValue } from './file/values.ts';

const bytePairs: GgufTestFile['metadata'] = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': ['a', 'b', 'Ġ', 'ab', 'Ġa', '<|end|>'],
  'tokenizer.ggml.token_type': list([1, 1, 1, 1, 1, 3].map(int32)),
  'tokenizer.ggml.merges': ['a b', 'Ġ a'],
  'tokenizer.ggml.eos_token_id': uint32(5),
  'tokenizer.ggml.add_bos_token': false,
  'tokenizer.chat_template': '{{ messages }}',
  'general.sampling.temp': float32Value(0.7),
};
const pieces: GgufTestFile['metadata'] = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': ['<unk>', '<s>', '</s>', '<0x61>', '▁', 'a', 'b', '▁a', 'ab'],
  'tokenizer.ggml.scores': floats([0, 0, 0, 0, -3, -4, -5, -1, -2]),
  'tokenizer.ggml.token_type': list([2, 3, 3, 6, 1, 1, 1, 1, 1].map(int32)),
  'tokenizer.ggml.bos_token_id': uint32(1),
  'tokenizer.ggml.eos_token_id': uint32(2),
};

const gated = {
  vocab_size: 9,
  max_position_embeddings: 8,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  intermediate_size: 6,
};
const gemma = { attn_logit_softcapping: 5, final_logit_softcapping: 5, sliding_window: 4, query_pre_attn_scalar: 4 };
const models: readonly {
  architecture: unknown;
  config: JsonObject;
  prefix: string;
  metadata: GgufTestFile['metadata'];
}[] = [
  {
    architecture: llama,
    config: { model_type: 'llama', ...gated, tie_word_embeddings: true },
    prefix: 'model.',
    metadata: pieces,
  },
  { architecture: gemma2, config: { model_type: 'gemma2', ...gated, ...gemma }, prefix: 'model.', metadata: pieces },
  {
    architecture: gpt2,
    config: { model_type: 'gpt2', vocab_size: 6, n_positions: 8, n_embd: 8, n_layer: 1, n_head: 2, n_inner: 6 },
    prefix: 'transformer.',
    metadata: bytePairs,
  },
  {
    architecture: t5,
    config: {
      model_type: 't5',
      vocab_size: 9,
      n_positions: 8,
      d_model: 8,
      d_kv: 4,
      d_ff: 6,
      num_layers: 1,
      num_decoder_layers: 1,
      num_heads: 2,
      relative_attention_num_buckets: 8,
      tie_word_embeddings: true,
    },
    prefix: '',
    metadata: { ...pieces, 'tokenizer.ggml.model': 't5' },
  },
];

type TestValue = GgufTestFile['metadata'][string];

/** The files whole, and taken apart again. */
let files: Uint8Array[];
let parts: { metadata: [string, TestValue][]; tensors: GgufTestTensor[] }[];
beforeAll(async () => {
  files = [];
  parts = [];
  for (const { architecture: known, config, prefix, metadata } of models) {
    const architecture = known as Architecture;
    const seeded = seededWeights(architecture, architecture.configure(config));
    const weights: WeightSource = {
      ...seeded,
      names: () => seeded.names().map((name) => prefix + name),
      shape: (name) => seeded.shape(name.slice(prefix.length)),
      read: (name) => seeded.read(name.slice(prefix.length)),
    };
    const bytes = await ggufModel({ config, weights, metadata });
    files.push(bytes);
    const file = await openGguf(watchedSource(bytes, 'x.gguf'));
    parts.push({
      metadata: [...file.metadata].map(([key, value]) => [key, typed(value)]),
      tensors: [...file.tensors.values()].map(({ name, shape, type, begin, bytes: length }) => ({
        name,
        shape,
        type: blockFormat(type.name).type,
        data: bytes.slice(begin, begin + length),
      })),
    });
  }
});

function typed(value: GgufValue): TestValue {
  if (typeof value === 'number') return Number.isInteger(value) ? uint32(value) : float32Value(value);
  if (value instanceof Float32Array) return floats([...value]);
  if (value instanceof Int32Array) return list([...value].map(int32), 5);
  return value as string | boolean | readonly string[];
}

/** Open the file and do with it all that loading does but running. Only errors that name the file may come of it. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  const source = watchedSource(bytes, 'fuzz.gguf');
  const error = await refusal(() =>
    allocatingAtMost(16 * bytes.length + (1 << 18), async () => {
      const { config, generationConfig, tokenizer, weights } = await openGgufCheckpoint(source);
      const architecture = architectureOf(config);
      const settings = architecture.configure(config);
      const { vocabSize } = architecture.dimensions(settings);
      readDefaults(generationConfig, config, vocabSize);
      if (tokenizer !== undefined) {
        const opened = createTokenizer(tokenizer.json, tokenizer.config, 'fuzz.gguf');
        opened.decode(opened.encode('ab a<s> <|end|>'));
      }
      const opened = weights();
      const { requests } = requestWeights(architecture, settings, opened);
      for (const request of requests)
        if (request.kind !== 'table')
          for (const name of request.names) {
            const wanted = opened.shape(name)!.reduce((product, size) => product * size, 1);
            const { length } = await opened.read(name);
            if (length !== wanted) throw new Error(`${name} has ${length} values instead of ${wanted}`);
          }
    }),
  );
  if (error === undefined) return true;
  // A config.json that a file stands for is named as one.
  expect(error.message).toMatch(/^(fuzz\.gguf|config\.json|generation_config\.json): /);
  if (error instanceof LoadError) expect(error.file === 'fuzz.gguf' || error.field !== undefined).toBe(true);
  return false;
}

it('refuses allocations that the size of a file does not explain', async () => {
  await expect(allocatingAtMost(40, async () => new Float32Array(11))).rejects.toThrow(AllocationError);
  await expect(allocatingAtMost(44, async () => new Float32Array(11).length)).resolves.toBe(11);
});

it('opens every right file', async () => {
  for (const file of files) expect(await survives(file)).toBe(true);
});

const value: fc.Arbitrary<TestValue> = fc.oneof(
  fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff)).map(uint32),
  borderNumber.map((number) => float32Value(number)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(uint64),
  fc.boolean(),
  fc.constantFrom('', 'llama', 'gpt2', 't5', 'yarn', 'linear', 'llama-bpe', '__proto__', 'a b'),
  fc.array(fc.string({ maxLength: 3 }), { maxLength: 12 }),
  fc.array(fc.integer({ min: -2, max: 9 }).map(int32), { maxLength: 12 }).map((values) => list(values, 5)),
  fc
    .array(
      borderNumber.map((number) => float32Value(number)),
      { maxLength: 12 },
    )
    .map((values) => list(values, 6)),
);

it('answers every changed key, value and tensor with the model or an error', { timeout: 600_000 }, async () => {
  const change = fc.record({
    where: fc.nat({ max: 1000 }),
    how: fc.constantFrom('value', 'remove', 'key', 'shape', 'type', 'name', 'drop', 'data'),
    value,
    number: fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 53 - 1)),
    word: fc.constantFrom(
      'llama.x',
      'general.alignment',
      'split.count',
      'rope_freqs.weight',
      'blk.1.attn_q.weight',
      '__proto__',
      'output.weight',
    ),
  });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: models.length - 1 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (model, all) => {
        const { metadata: pairs, tensors: stored } = parts[model]!;
        const metadata: [string, TestValue][] = pairs.map(([key, one]) => [key, one]);
        const tensors = stored.map((tensor) => ({ ...tensor }));
        for (const { where, how, value: other, number, word } of all) {
          const pair = metadata[where % metadata.length]!;
          const tensor = tensors[where % Math.max(1, tensors.length)];
          if (how === 'value') pair[1] = other;
          else if (how === 'remove' && metadata.length > 1) metadata.splice(where % metadata.length, 1);
          else if (how === 'key') pair[0] = word;
          else if (tensor === undefined) continue;
          else if (how === 'shape') tensor.shape = [...tensor.shape.slice(0, where % 3), number];
          else if (how === 'type') tensor.type = number;
          else if (how === 'name') tensor.name = word;
          else if (how === 'drop') tensors.splice(where % tensors.length, 1);
          else if (how === 'data') tensor.data = tensor.data.slice(number);
        }
        if (!(await survives(ggufBytes({ metadata: Object.fromEntries(metadata), tensors })))) refused++;
      },
    ),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 3);
});

it('answers every changed byte, cut and insertion with the model or an error', { timeout: 600_000 }, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: models.length - 1 }), byteChanges, async (model, all) => {
      // Changes are to meet the header, which is most of these small files.
      if (!(await survives(changedBytes(files[model]!, all)))) refused++;
    }),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 4);
});
