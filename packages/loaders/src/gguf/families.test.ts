import '@tensorflow/tfjs-backend-cpu';
import type { Engine, LanguageModel } from '@tokenwright/core';
import { gemma2, gemma3Text, gpt2, gptNeoX, llama, phi3, qwen2, qwen3, t5 } from '@tokenwright/core/architectures';
import type { Architecture, EncoderDecoderArchitecture, WeightSource } from '@tokenwright/core/engine';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModel } from '../inspect.ts';
import { loadModel, loadSequenceToSequenceModel } from '../load.ts';
import { bytesSource } from '../sources/byte-source.ts';
import type { JsonObject } from '../sources/json.ts';
import { bitsOf, blockForms } from '../testing/gguf-block-forms.ts';
import { blockFormat, encodeBlocks } from '../testing/gguf-blocks.ts';
import { uint32 } from '../testing/gguf-bytes.ts';
import { type GgufModelOptions, ggufModel, stored, typeFor } from '../testing/gguf-model.ts';
import { openGgufCheckpoint } from './checkpoint.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const ids = Array.from({ length: 20 }, (_, i) => (i * i * 7 + i * 13 + 5) % 50);

async function logitsOf(model: LanguageModel): Promise<Float32Array> {
  const cache = model.createCache();
  const { logits, dispose } = model.forward([ids], cache, { scored: ids.length });
  try {
    return await logits.read();
  } finally {
    dispose();
    cache.dispose();
  }
}

/** Random numbers under the names that the published checkpoints have. */
function published(
  architecture: Architecture,
  config: JsonObject,
  prefix: string,
  own: readonly string[],
): WeightSource {
  const seeded = seededWeights(architecture, architecture.configure(config), { seed: 3, deviation: 0.25 });
  const names = new Map(seeded.names().map((name) => [own.includes(name) ? name : prefix + name, name]));
  return {
    name: seeded.name,
    names: () => [...names.keys()],
    shape: (name) => (names.has(name) ? seeded.shape(names.get(name)!) : undefined),
    bytes: (name) => seeded.bytes(names.get(name)!),
    read: (name) => seeded.read(names.get(name)!),
  };
}

const distance = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), a.length === b.length ? 0 : Infinity);

const gated = {
  vocab_size: 61,
  max_position_embeddings: 48,
  hidden_size: 28,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 10,
  intermediate_size: 39,
  rms_norm_eps: 1e-5,
};
const scaled = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 12, beta_fast: 3 };
const factors = [1, 1.5, 2, 3.5, 6];
const gemma = { ...gated, rms_norm_eps: 1e-6, sliding_window: 5, query_pre_attn_scalar: 10 };

interface Case {
  readonly name: string;
  readonly architecture: unknown;
  readonly config: JsonObject;
  readonly prefix: string;
  readonly own?: readonly string[];
  readonly more?: Partial<GgufModelOptions>;
}

const cases: readonly Case[] = [
  { name: 'llama', architecture: llama, config: { model_type: 'llama', ...gated }, prefix: 'model.' },
  {
    name: 'llama, tied with all biases',
    architecture: llama,
    config: { model_type: 'llama', ...gated, attention_bias: true, mlp_bias: true, tie_word_embeddings: true },
    prefix: 'model.',
  },
  {
    name: 'llama, linear scaling',
    architecture: llama,
    config: { model_type: 'llama', ...gated, rope_scaling: { rope_type: 'linear', factor: 2.5 } },
    prefix: 'model.',
  },
  {
    name: 'llama, yarn',
    architecture: llama,
    config: { model_type: 'llama', ...gated, rope_theta: 50, rope_scaling: scaled },
    prefix: 'model.',
  },
  {
    // Published: rope_freqs = 1 for fast pairs, the factor for slow ones, blended between.
    name: 'llama, factors of rotary positions (Llama 3.1)',
    architecture: llama,
    config: {
      model_type: 'llama',
      ...gated,
      rope_scaling: { rope_type: 'longrope', short_factor: factors, long_factor: factors, attention_factor: 1 },
    },
    prefix: 'model.',
    more: {
      tensors: [stored({ name: 'rope_freqs.weight', shape: [5], values: Float32Array.from(factors) }, 'F32')],
    },
  },
  { name: 'qwen2', architecture: qwen2, config: { model_type: 'qwen2', ...gated }, prefix: 'model.' },
  {
    name: 'qwen3',
    architecture: qwen3,
    config: { model_type: 'qwen3', ...gated, tie_word_embeddings: true },
    prefix: 'model.',
  },
  {
    name: 'phi3',
    architecture: phi3,
    config: { model_type: 'phi3', ...gated, hidden_size: 40, sliding_window: 6 },
    prefix: 'model.',
  },
  {
    name: 'phi3, longrope of a part of each head',
    architecture: phi3,
    config: {
      model_type: 'phi3',
      ...gated,
      hidden_size: 40,
      max_position_embeddings: 96,
      original_max_position_embeddings: 40,
      partial_rotary_factor: 0.6,
      rope_scaling: { type: 'longrope', short_factor: [1, 1.5, 2.5], long_factor: [2, 4, 8], attention_factor: 1.25 },
    },
    prefix: 'model.',
    more: {
      metadata: { 'phi3.rope.scaling.attn_factor': { kind: 6, bytes: new Uint8Array(Float32Array.of(1.25).buffer) } },
      tensors: [
        stored({ name: 'rope_factors_short.weight', shape: [3], values: Float32Array.of(1, 1.5, 2.5) }, 'F32'),
        stored({ name: 'rope_factors_long.weight', shape: [3], values: Float32Array.of(2, 4, 8) }, 'F32'),
      ],
    },
  },
  {
    name: 'gemma2',
    architecture: gemma2,
    config: { model_type: 'gemma2', ...gemma, attn_logit_softcapping: 1.5, final_logit_softcapping: 4 },
    prefix: 'model.',
  },
  {
    name: 'gemma3',
    architecture: gemma3Text,
    config: {
      model_type: 'gemma3_text',
      ...gemma,
      rope_theta: 50,
      rope_local_base_freq: 9,
      sliding_window_pattern: 3,
      rope_scaling: { rope_type: 'linear', factor: 3 },
    },
    prefix: 'model.',
  },
  {
    name: 'gpt2',
    architecture: gpt2,
    config: { model_type: 'gpt2', vocab_size: 61, n_positions: 48, n_embd: 30, n_layer: 2, n_head: 3, n_inner: 44 },
    prefix: 'transformer.',
  },
  {
    name: 'gptneox',
    architecture: gptNeoX,
    config: {
      model_type: 'gpt_neox',
      vocab_size: 53,
      max_position_embeddings: 48,
      hidden_size: 36,
      num_hidden_layers: 2,
      num_attention_heads: 3,
      intermediate_size: 50,
      rotary_pct: 0.5,
    },
    prefix: 'gpt_neox.',
    own: ['embed_out.weight'],
  },
];

describe.each(cases)('$name', ({ architecture: known, config, prefix, own = ['lm_head.weight'], more }) => {
  const architecture = known as Architecture;

  it('gives the logits of the same weights in Hugging Face layout', async () => {
    const before = engine.memory();
    const weights = published(architecture, config, prefix, own);
    const expected = await createModel(engine, architecture, architecture.configure(config), weights);
    for (const version of [2, 3]) {
      const bytes = await ggufModel({ config, weights, version, ...more });
      const loaded = await loadModel(bytes, { engine });
      expect(loaded.model.vocabSize).toBe(config.vocab_size);
      expect(loaded.model.contextLength).toBe(expected.contextLength);
      expect(distance(await logitsOf(loaded.model), await logitsOf(expected))).toBeLessThan(2e-5);
      loaded.dispose();
    }
    expected.dispose();
    expect(engine.memory()).toEqual(before);
  });

  it('is read by rows as at once', async () => {
    const weights = published(architecture, config, prefix, own);
    const source = bytesSource(await ggufModel({ config, weights, type: 'F16', ...more }));
    const opened = (await openGgufCheckpoint(source)).weights();
    for (const name of opened.names()) {
      const [rows = 1] = opened.shape(name)!;
      const parts: number[] = [];
      for (let first = 0; first < rows; first += 7)
        parts.push(...(await opened.readRows!(name, first, Math.min(7, rows - first))));
      expect(parts, name).toEqual([...(await opened.read(name))]);
      await expect(opened.readRows!(name, rows, 1)).rejects.toThrow('are not among them');
    }
  });

  it('is described from its header', async () => {
    const weights = published(architecture, config, prefix, own);
    const { kind, family, parameters, formats, choices } = await inspectModel(
      await ggufModel({ config, weights, type: 'F16', ...more }),
    );
    expect({ kind, family }).toEqual({ kind: 'gguf', family: architecture.name });
    const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
    expect(parameters).toBe(weights.names().reduce((sum, name) => sum + count(weights.shape(name)!), 0));
    expect(formats.map(({ format }) => format).sort()).toEqual(['F16', 'F32']);
    expect(choices.find(({ part }) => part === 'family')!.reason).toContain('general.architecture');
  });
});

it('T5 gives the logits of the same weights in Hugging Face layout', async () => {
  for (const [feed_forward_proj, tied] of [
    ['gated-gelu', false],
    ['relu', true],
  ] as const) {
    const config: JsonObject = {
      model_type: 't5',
      vocab_size: 53,
      n_positions: 48,
      d_model: 24,
      d_kv: 7,
      d_ff: 30,
      num_layers: 2,
      num_decoder_layers: 3,
      num_heads: 3,
      relative_attention_num_buckets: 8,
      feed_forward_proj,
      tie_word_embeddings: tied,
    };
    const architecture = t5 as unknown as EncoderDecoderArchitecture;
    const weights = published(architecture, config, '', []);
    const settings = architecture.configure(config);
    const results: Float32Array[] = [];
    const loaded = await loadSequenceToSequenceModel(await ggufModel({ config, weights }), { engine });
    const expected = await createSequenceToSequence(engine, architecture, settings, weights);
    for (const sequenceToSequence of [expected, loaded.sequenceToSequence]) {
      const model = await sequenceToSequence.encode({ ids: [3, 17, 5, 40, 1] });
      results.push(await logitsOf(model));
      model.dispose();
    }
    expect(distance(results[0]!, results[1]!)).toBeLessThan(2e-5);
    expect(loaded.generationConfig.decoder_start_token_id).toBe(0);
    expected.dispose();
    loaded.dispose();
  }
});

describe('quantized matrices', () => {
  // Widths that every format's blocks divide.
  const config: JsonObject = {
    model_type: 'llama',
    vocab_size: 64,
    max_position_embeddings: 32,
    hidden_size: 256,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 64,
    intermediate_size: 256,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
  };
  const architecture = llama as unknown as Architecture;
  const weights = published(architecture, config, 'model.', []);

  let whole: Float32Array;
  beforeAll(async () => {
    const model = await createModel(engine, architecture, architecture.configure(config), weights);
    whole = await logitsOf(model);
    model.dispose();
  });

  it.each(Object.keys(blockForms))('%s gives the logits of the numbers that the formula gives', async (type) => {
    const loaded = await loadModel(await ggufModel({ config, weights, type }), { engine });
    const expected = await createModel(engine, architecture, architecture.configure(config), byForm(weights, type));
    const [logits, wanted] = [await logitsOf(loaded.model), await logitsOf(expected)];
    expect(distance(logits, wanted)).toBeLessThan(2e-3);
    // And they differ from those of the unrounded weights.
    expect(distance(logits, whole)).toBeGreaterThan(type.startsWith('Q8') ? 0.003 : 0.02);
    for (const model of [loaded, expected]) model.dispose();
  });

  it('may be of several formats in one file, with rows that blocks do not divide in F16', async () => {
    const narrow = { ...config, intermediate_size: 288 };
    const bytes = await ggufModel({
      config: narrow,
      weights: published(architecture, narrow, 'model.', []),
      type: 'Q4_K',
      typeOf: (name) => (/attn_v|token_embd/.test(name) ? 'Q6_K' : undefined),
    });
    const { formats } = await inspectModel(bytes);
    expect(Object.fromEntries(formats.map(({ format, tensors }) => [format, tensors]))).toEqual({
      Q4_K: 5,
      F16: 1,
      Q6_K: 2,
      F32: 3,
    });
    (await loadModel(bytes, { engine })).dispose();
  });

  it('reports bytes as stored', async () => {
    const bytes = await ggufModel({ config, weights, type: 'Q4_0' });
    const seen: [number, number][] = [];
    (await loadModel(bytes, { engine, onProgress: (...now) => seen.push(now) })).dispose();
    const [loaded, total] = seen.at(-1)!;
    expect(loaded).toBe(total);
    expect(total).toBe((await inspectModel(bytes)).bytes);
    expect(total).toBeLessThan(bytes.length);
    expect(total).toBeGreaterThan(bytes.length * 0.9);
  });
});

/** The weights as the plain formulas read them from the file. Rows of queries and keys are in the file's order. */
function byForm(weights: WeightSource, type: string): WeightSource {
  return {
    ...weights,
    async read(name) {
      const values = await weights.read(name);
      const shape = weights.shape(name)!;
      if (typeFor(shape, type) !== type) return values;
      const { values: size, bytes } = blockFormat(type);
      const encoded = encodeBlocks(type, values);
      const result = new Float32Array(values.length);
      for (let block = 0; block * size < values.length; block++) {
        const bits = bitsOf(encoded.subarray(block * bytes, (block + 1) * bytes));
        for (let i = 0; i < size; i++) result[block * size + i] = blockForms[type]!(bits, i);
      }
      return result;
    },
  };
}

describe('what a file may not say', () => {
  const config: JsonObject = { model_type: 'llama', ...gated };
  const weights = published(llama as unknown as Architecture, config, 'model.', ['lm_head.weight']);
  const refused = async (options: Partial<GgufModelOptions>, message: string | RegExp): Promise<void> => {
    const before = engine.memory();
    const error = await loadModel(await ggufModel({ config, weights, ...options }), { engine }).then(
      () => expect.fail('was loaded'),
      (cause: Error) => cause,
    );
    expect(error.message).toMatch(message);
    expect((error as { isTokenwrightError?: boolean }).isTokenwrightError).toBe(true);
    expect(engine.memory()).toEqual(before);
  };

  it('an architecture that is not known', async () => {
    await refused(
      { metadata: { 'general.architecture': 'mamba' } },
      "bytes: general.architecture: 'mamba' is not known; known: gpt2, gptneox, llama, qwen2",
    );
  });

  it('an option that is not known', async () => {
    await refused(
      { metadata: { 'llama.logit_scale': uint32(3) } },
      'llama.logit_scale: the option is not known, and it may change the numbers (3)',
    );
    await refused(
      { metadata: { 'llama.expert_count': uint32(8) } },
      'llama.expert_count: 8 is not supported; supported: 0',
    );
    await refused(
      { metadata: { 'llama.rope.scaling.type': 'ntk' } },
      'llama.rope.scaling.type: "ntk" is not supported',
    );
    await refused(
      { metadata: { 'llama.rope.dimension_count': uint32(4) } },
      'llama.rope.dimension_count: 4 is not supported; supported: 10',
    );
  });

  it('a tensor that the family does not have', async () => {
    const tensors = [
      stored({ name: 'blk.0.ffn_gate_inp.weight', shape: [4, 28], values: new Float32Array(112) }, 'F32'),
    ];
    await refused({ tensors }, "blk.0.ffn_gate_inp.weight: the family 'llama' has no such tensor");
  });

  it('sizes that disagree with the tensors, and names both', async () => {
    await refused(
      { metadata: { 'llama.feed_forward_length': uint32(40) } },
      "the tensor 'model.layers.0.mlp.gate_proj.weight' must have shape [40, 28], but it has [39, 28].",
    );
    await refused(
      { metadata: { 'llama.block_count': uint32(4) } },
      'model.layers.3.input_layernorm.weight: the tensor is missing',
    );
    await refused(
      { metadata: { 'llama.vocab_size': uint32(62) } },
      'llama.vocab_size: 62 is not supported; supported: 61',
    );
  });

  it('that it is one of several parts', async () => {
    await refused({ metadata: { 'split.count': uint32(3) } }, 'split.count: the file is part 1 of 3; give the folder');
  });
});
