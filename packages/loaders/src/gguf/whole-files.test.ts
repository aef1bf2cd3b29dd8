import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import { gemma2, gemma3Text, gptNeoX, llama, qwen2, qwen3 } from '@tokenwright/core/architectures';
import type { Architecture, WeightSource } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelInput } from '../checkpoint/model-input.ts';
import { inspectModel } from '../inspect.ts';
import { loadModel } from '../load.ts';
import { bytesSource } from '../sources/byte-source.ts';
import type { JsonObject } from '../sources/json.ts';
import { files } from '../sources/model-source.ts';
import { float32Value, type GgufTestTensor, ggufBytes, uint32 } from '../testing/gguf-bytes.ts';
import { type GgufModelOptions, ggufModel } from '../testing/gguf-model.ts';
import { openGguf } from './file/gguf-file.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const base = {
  vocab_size: 40,
  max_position_embeddings: 64,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 32,
  rms_norm_eps: 1e-5,
};

/** Random weights under the names of the published checkpoints; `drop` leaves some out. */
function weightsOf(
  architecture: unknown,
  config: JsonObject,
  drop: RegExp = /^$/,
  prefix = 'model.',
  own = /^lm_head/,
): WeightSource {
  const family = architecture as Architecture;
  const seeded = seededWeights(family, family.configure(config), { seed: 9, deviation: 0.3 });
  const names = new Map(seeded.names().map((name) => [own.test(name) ? name : prefix + name, name]));
  for (const name of names.keys()) if (drop.test(name)) names.delete(name);
  return {
    name: 'seeded',
    names: () => [...names.keys()],
    shape: (name) => (names.has(name) ? seeded.shape(names.get(name)!) : undefined),
    bytes: (name) => seeded.bytes(names.get(name)!),
    read: (name) => seeded.read(names.get(name)!),
  };
}

/** The same weights, with zeros for the names that match. */
function zeroed(source: WeightSource, pattern: RegExp): WeightSource {
  return {
    ...source,
    read: async (name) => (await source.read(name)).map((value) => (pattern.test(name) ? 0 : value)),
  };
}

async function logits(input: ModelInput): Promise<number[]> {
  const { model } = await loadModel(input, { engine });
  return read(model);
}

async function read(model: Awaited<ReturnType<typeof createModel>>): Promise<number[]> {
  const cache = model.createCache();
  const result = model.forward([[3, 1, 4, 1, 5, 9, 2, 6]], cache);
  const values = [...(await result.logits.read())];
  result.dispose();
  cache.dispose();
  model.dispose();
  return values;
}

async function expected(architecture: unknown, config: JsonObject, weights: WeightSource): Promise<number[]> {
  const family = architecture as Architecture;
  return read(await createModel(engine, family, family.configure(config), weights));
}

const extra = (name: string, length: number): GgufTestTensor => ({
  name,
  shape: [length],
  type: 0,
  data: new Uint8Array(new Float32Array(length).fill(0.5).buffer),
});

const llamaConfig = { model_type: 'llama', ...base };
const neox = {
  model_type: 'gpt_neox',
  vocab_size: 40,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 48,
  rotary_pct: 0.5,
  max_position_embeddings: 64,
};

describe('biases that only a part of the model has', () => {
  it.each<[string, unknown, JsonObject, RegExp]>([
    ['llama: only of outputs', llama, { ...llamaConfig, attention_bias: true }, /[qkv]_proj\.bias$/],
    ['llama: only of keys', llama, { ...llamaConfig, attention_bias: true }, /[qvo]_proj\.bias$/],
    ['llama: only in layer 1', llama, { ...llamaConfig, attention_bias: true }, /layers\.0\..*\.bias$/],
    [
      'llama: of the feed-forward block without the gate',
      llama,
      { ...llamaConfig, mlp_bias: true },
      /gate_proj\.bias$/,
    ],
    ['llama: only of down', llama, { ...llamaConfig, mlp_bias: true }, /(gate|up)_proj\.bias$/],
    ['qwen3: only of outputs', qwen3, { model_type: 'qwen3', ...base, attention_bias: true }, /[qkv]_proj\.bias$/],
  ])('%s', async (_, architecture, config, missing) => {
    const file = await ggufModel({ config, weights: weightsOf(architecture, config, missing) });
    const wanted = await expected(architecture, config, zeroed(weightsOf(architecture, config), missing));
    expect(await logits(file)).toEqual(wanted);
    // They matter.
    expect(await expected(architecture, config, zeroed(weightsOf(architecture, config), /bias$/))).not.toEqual(wanted);
  });

  it.each([/query_key_value\.bias$/, /attention\.dense\.bias$/])('gpt_neox without %s', async (missing) => {
    const own = /^embed_out/;
    const file = await ggufModel({ config: neox, weights: weightsOf(gptNeoX, neox, missing, 'gpt_neox.', own) });
    const all = weightsOf(gptNeoX, neox, /^$/, 'gpt_neox.', own);
    expect(await logits(file)).toEqual(await expected(gptNeoX, neox, zeroed(all, missing)));
  });
});

describe('a tensor that the model does not use is an error', () => {
  const qwen = { model_type: 'qwen2', ...base };
  it.each<[string, unknown, JsonObject, GgufTestTensor, string]>([
    ['a bias', qwen2, qwen, extra('blk.1.attn_output.bias', 32), 'model.layers.1.self_attn.o_proj.bias'],
    ['another bias', qwen2, qwen, extra('blk.0.ffn_down.bias', 32), 'model.layers.0.mlp.down_proj.bias'],
    [
      'a further layer',
      llama,
      llamaConfig,
      extra('blk.2.attn_norm.weight', 32),
      'model.layers.2.input_layernorm.weight',
    ],
    [
      'a norm',
      gemma2,
      {
        model_type: 'gemma2',
        ...base,
        sliding_window: 8,
        query_pre_attn_scalar: 8,
        attn_logit_softcapping: 50,
        final_logit_softcapping: 30,
      },
      extra('blk.0.attn_q_norm.weight', 8),
      'model.layers.0.self_attn.q_norm.weight',
    ],
  ])('%s', async (_, architecture, config, tensor, name) => {
    const bytes = await ggufModel({ config, weights: weightsOf(architecture, config), tensors: [tensor] });
    const message = `bytes: ${name}: the tensor is in the file, but the configuration does not use it`;
    await expect(loadModel(bytes, { engine })).rejects.toThrow(message);
    await expect(inspectModel(bytes)).rejects.toThrow(message);
  });
});

describe('keys', () => {
  const yarn = (more: JsonObject): JsonObject => ({
    ...llamaConfig,
    rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16, ...more },
  });

  it("the keys that llama.cpp's converter writes for YaRN", async () => {
    const config = yarn({ attention_factor: 1.2, beta_fast: 8, beta_slow: 2 });
    const bytes = await ggufModel({
      config,
      weights: weightsOf(llama, config),
      metadata: {
        'llama.rope.scaling.yarn_attn_factor': float32Value(1.2),
        'llama.rope.scaling.yarn_ext_factor': float32Value(1),
        'llama.rope.scaling.yarn_beta_slow': float32Value(2),
        'llama.rope.scaling.finetuned': true,
      },
    });
    expect(await logits(bytes)).toEqual(await expected(llama, config, weightsOf(llama, config)));
    expect(await logits(bytes)).not.toEqual(await expected(llama, yarn({}), weightsOf(llama, config)));
  });

  it('Gemma 2 has the caps of the published models where the file says nothing', async () => {
    const config = { model_type: 'gemma2', ...base, sliding_window: 8, query_pre_attn_scalar: 8 };
    const written = { ...config, attn_logit_softcapping: 50, final_logit_softcapping: 30 };
    const bytes = await ggufModel({ config: written, weights: weightsOf(gemma2, config) });
    const { metadata, tensors, read: values } = await openGguf(bytesSource(bytes));
    expect(metadata.get('gemma2.final_logit_softcapping')).toBe(30);
    const kept = [...metadata].flatMap(([key, value]) =>
      key.endsWith('softcapping') || typeof value === 'object' ? [] : [[key, asWritten(value)] as const],
    );
    const stripped = ggufBytes({
      metadata: Object.fromEntries(kept),
      tensors: await Promise.all(
        [...tensors].map(async ([name, { shape }]) => ({
          name,
          shape,
          type: 0,
          data: new Uint8Array((await values(name)).buffer),
        })),
      ),
    });
    expect(await logits(stripped)).toEqual(await logits(bytes));
  });
});

function asWritten(value: unknown): ReturnType<typeof uint32> | string | boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return Number.isInteger(value) ? uint32(value as number) : float32Value(value as number);
}

describe('the part of a file that sees images', () => {
  const config = {
    model_type: 'gemma3_text',
    ...base,
    num_hidden_layers: 6,
    rope_theta: 10000,
    rope_local_base_freq: 10000,
    sliding_window_pattern: 3,
    sliding_window: 8,
    query_pre_attn_scalar: 8,
  };
  const vision: Partial<GgufModelOptions> = {
    metadata: {
      'gemma3.vision.block_count': uint32(27),
      'gemma3.mm.tokens_per_image': uint32(256),
      'gemma3.rope.global.freq_base': float32Value(10000),
      'gemma3.rope.local.freq_base': float32Value(10000),
    },
    tensors: [extra('v.blk.0.attn_q.weight', 8), extra('mm.mm_input_projection.weight', 8)],
  };

  it('is left out by name, and the text part is as without it', async () => {
    const weights = weightsOf(gemma3Text, config);
    const bytes = await ggufModel({ config, weights, ...vision });
    expect(await logits(bytes)).toEqual(await logits(await ggufModel({ config, weights })));
    const { choices } = await inspectModel(bytes);
    expect(choices.find(({ part }) => part === 'left out')).toEqual({
      part: 'left out',
      choice: '2 tensors',
      reason: 'the family does not ask for v.blk.0.attn_q.weight, mm.mm_input_projection.weight',
    });
  });

  it("reads Ollama's names of the rotary bases, after llama.cpp's", async () => {
    const weights = weightsOf(gemma3Text, config);
    const both = await ggufModel({ config, weights, metadata: { 'gemma3.rope.global.freq_base': float32Value(500) } });
    expect((await inspectModel(both)).settings).toMatchObject({ rotary: { rotaryBase: 10000 } });
    const { metadata, tensors } = await openGguf(bytesSource(both));
    const only = ggufBytes({
      metadata: {
        ...Object.fromEntries(
          [...metadata].flatMap(([key, value]) =>
            key.endsWith('rope.freq_base') || typeof value === 'object' ? [] : [[key, asWritten(value)]],
          ),
        ),
        'gemma3.rope.local.freq_base': float32Value(40),
      },
      tensors: [...tensors].map(([name, { shape, bytes }]) => ({ name, shape, type: 0, data: new Uint8Array(bytes) })),
    });
    expect((await inspectModel(only)).settings).toMatchObject({ rotary: { rotaryBase: 500 } });
  });
});

it('a file with a vocabulary alone is named as that', async () => {
  const bytes = ggufBytes({ metadata: { 'general.architecture': 'gpt2' }, tensors: [] });
  for (const opening of [loadModel(bytes, { engine }), inspectModel(bytes)])
    await expect(opening).rejects.toThrow('bytes: the file holds a vocabulary and no weights');
});

describe('a model in several files', () => {
  const config = { ...llamaConfig, tie_word_embeddings: true };
  const whole = (): Promise<Uint8Array> => ggufModel({ config, weights: weightsOf(llama, config) });

  /** The parts as llama-gguf-split writes them: all metadata in the first, tensors dealt out. */
  async function split(count: number, firstHasTensors = true): Promise<Map<string, Uint8Array>> {
    const bytes = await whole();
    const { metadata, tensors, read: values } = await openGguf(bytesSource(bytes));
    const stored = await Promise.all(
      [...tensors].map(async ([name, { shape }]) => ({
        name,
        shape,
        type: 0,
        data: new Uint8Array((await values(name)).buffer),
      })),
    );
    const first = firstHasTensors ? 0 : 1;
    const uint16 = (value: number) => ({ kind: 2, bytes: Uint8Array.of(value, 0) });
    return new Map(
      Array.from({ length: count }, (_, i) => [
        `m-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`,
        ggufBytes({
          metadata: {
            ...(i === 0 &&
              Object.fromEntries(
                [...metadata].flatMap(([key, value]) => (typeof value === 'object' ? [] : [[key, asWritten(value)]])),
              )),
            'split.no': uint16(i),
            'split.count': uint16(count),
            'split.tensors.count': { kind: 5, bytes: new Uint8Array(Int32Array.of(stored.length).buffer) },
          },
          tensors: stored.filter((_, k) => i >= first && k % (count - first) === i - first),
        }),
      ]),
    );
  }

  it.each([true, false])('gives the logits of the whole file (tensors in the first part: %s)', async (firstHas) => {
    const parts = await split(3, firstHas);
    const wanted = await logits(await whole());
    expect(await logits(files(parts))).toEqual(wanted);
    const folder = mkdtempSync(join(tmpdir(), 'parts-'));
    try {
      for (const [name, bytes] of parts) writeFileSync(join(folder, name), bytes);
      expect(await logits(folder)).toEqual(wanted);
      for (const name of parts.keys()) expect(await logits(join(folder, name))).toEqual(wanted);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says which parts are missing, and which do not belong together', async () => {
    const parts = await split(3);
    const [one, two, three] = [...parts.keys()] as [string, string, string];
    const opening = (contents: Map<string, Uint8Array>) => loadModel(files(contents), { engine });
    await expect(opening(new Map([[one, parts.get(one)!]]))).rejects.toThrow(
      `split.count: 2 of 3 parts are missing: ${two}, ${three}`,
    );
    await expect(opening(new Map([...parts, [two, parts.get(three)!]]))).rejects.toThrow(
      `${two}: split.no: must be part 2 of 3 by split.no and split.count`,
    );
    await expect(loadModel(parts.get(one)!, { engine })).rejects.toThrow(
      'bytes: split.count: the file is part 1 of 3; give the folder that has all parts, or files({ ... })',
    );
    await expect(opening(new Map([['model.gguf', parts.get(one)!]]))).rejects.toThrow(
      'its name must end in -00001-of-00003.gguf',
    );
  });
});
