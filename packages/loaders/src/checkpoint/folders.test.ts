import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import { llama, phi3, qwen2, t5 } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../convert/convert.ts';
import { memorySink } from '../convert/sink.ts';
import { inspectModel } from '../inspect.ts';
import { type LoadOptions, loadModel, loadSequenceToSequenceModel } from '../load.ts';
import { formatJson, type JsonObject } from '../sources/json.ts';
import { files, type ModelSource } from '../sources/model-source.ts';
import { safetensorsBytes } from '../testing/safetensors-bytes.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

type Tensors = Parameters<typeof safetensorsBytes>[0];

const base = {
  vocab_size: 40,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 64,
};
const tied = { model_type: 'llama', ...base, tie_word_embeddings: true };
const untied = { ...tied, tie_word_embeddings: false };

async function tensorsOf(architecture: unknown, config: JsonObject, prefix = 'model.'): Promise<Tensors> {
  const family = architecture as Architecture;
  const source = seededWeights(family, family.configure(config), { seed: 4, deviation: 0.3 });
  const entries = source.names().map(async (name) => {
    const own = /^lm_head/.test(name) ? name : prefix + name;
    return [own, { dtype: 'F32', shape: source.shape(name)!, data: await source.read(name) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function folderOf(config: JsonObject, tensors: Tensors): ModelSource {
  return files({
    'config.json': new TextEncoder().encode(formatJson(config)),
    'model.safetensors': safetensorsBytes(tensors),
  });
}

const tensor = (shape: readonly number[], value = 0.5): Tensors[string] => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
});

async function logits(source: ModelSource, options: Partial<LoadOptions> = {}): Promise<number[]> {
  const { model } = await loadModel(source, { engine, ...options });
  const cache = model.createCache();
  const result = model.forward([[3, 1, 4, 1, 5, 9, 2, 6]], cache);
  const values = [...(await result.logits.read())];
  result.dispose();
  cache.dispose();
  model.dispose();
  return values;
}

describe('a head that is stored although the embeddings are tied', () => {
  it('is used when it differs, also after a conversion', async () => {
    const own = await tensorsOf(llama, untied);
    const wanted = await logits(folderOf(untied, own));
    expect(await logits(folderOf(tied, own))).toEqual(wanted);
    const { 'lm_head.weight': _, ...without } = own;
    expect(await logits(folderOf(tied, without))).not.toEqual(wanted);
    const sink = memorySink();
    await convertModel(folderOf(tied, own), sink, { format: 'f32' });
    expect(await logits(files(sink.contents))).toEqual(wanted);
  });

  it('is a copy when it equals the table', async () => {
    const own = await tensorsOf(llama, tied);
    const copied = { ...own, 'lm_head.weight': own['model.embed_tokens.weight']! };
    expect(await logits(folderOf(tied, copied))).toEqual(await logits(folderOf(tied, own)));
    const { choices, tensors } = await inspectModel(folderOf(tied, copied));
    expect(choices.find(({ part }) => part === 'head')).toMatchObject({
      choice: 'the token table, or lm_head.weight where it differs',
    });
    expect(tensors.find(({ name }) => name === 'lm_head.weight')!.used).toBe(false);
  });

  it('keeps the scale of T5', async () => {
    const config = { model_type: 't5', vocab_size: 40, d_model: 32, d_kv: 8, num_heads: 4, d_ff: 32, num_layers: 1 };
    const own = await tensorsOf(t5, config, '');
    const table = own['shared.weight']!;
    const first = async (head: Tensors[string] | undefined): Promise<number> => {
      const source = folderOf(config, { ...own, ...(head !== undefined && { 'lm_head.weight': head }) });
      const { sequenceToSequence } = await loadSequenceToSequenceModel(source, { engine });
      const model = await sequenceToSequence.encode({ ids: [3, 4, 5] });
      const cache = model.createCache();
      const result = model.forward([[0]], cache);
      const [value] = await result.logits.read();
      for (const part of [result, cache, model, sequenceToSequence]) part.dispose();
      return value!;
    };
    const doubled = { ...table, data: (table.data as Float32Array).map((value) => 2 * value) };
    expect(await first(doubled)).toBeCloseTo(2 * (await first(undefined)), 4);
  });
});

describe('a tensor that the configuration does not use', () => {
  it.each<[string, string, readonly number[]]>([
    ['a bias', 'model.layers.0.self_attn.q_proj.bias', [32]],
    ['a norm', 'model.layers.1.self_attn.q_norm.weight', [8]],
    ['a further layer', 'model.layers.2.input_layernorm.weight', [32]],
    ['an adapter', 'model.layers.0.self_attn.q_proj.lora_A.weight', [4, 32]],
    ['a bias of the final norm', 'model.norm.bias', [32]],
    ['a bias of the head', 'lm_head.bias', [40]],
  ])('is an error when it belongs to the model: %s', async (_, name, shape) => {
    for (const config of [tied, untied]) {
      const source = folderOf(config, { ...(await tensorsOf(llama, config)), [name]: tensor(shape) });
      const message = `model.safetensors: ${name}: the tensor is in the file, but the configuration does not use it`;
      await expect(loadModel(source, { engine })).rejects.toThrow(message);
      await expect(inspectModel(source)).rejects.toThrow(message);
      await expect(convertModel(source, memorySink(), { format: 'f16' })).rejects.toThrow(message);
    }
  });

  it('is left out when it is a constant of older versions, or beside the model', async () => {
    const own = await tensorsOf(llama, tied);
    const more = {
      'model.layers.0.self_attn.rotary_emb.inv_freq': tensor([4]),
      'v_head.summary.weight': tensor([1, 32]),
      'vision_tower.encoder.layers.0.q_proj.weight': tensor([8, 8]),
    };
    const source = folderOf(tied, { ...own, ...more });
    expect(await logits(source)).toEqual(await logits(folderOf(tied, own)));
    const { choices } = await inspectModel(source);
    expect(choices.find(({ part }) => part === 'left out')!.choice).toBe('3 tensors');
  });
});

describe('weights that are not finite', () => {
  it.each([
    ['model.layers.1.mlp.down_proj.weight', Number.NaN],
    ['model.norm.weight', Infinity],
    ['model.embed_tokens.weight', -Infinity],
  ])('%s: %s is an error that names the tensor, and nothing stays allocated', async (name, value) => {
    const own = await tensorsOf(llama, tied);
    const data = (own[name]!.data as Float32Array).slice();
    data[7] = value;
    const before = engine.memory();
    await expect(loadModel(folderOf(tied, { ...own, [name]: { ...own[name]!, data } }), { engine })).rejects.toThrow(
      `model.safetensors: ${name}: number 7 is ${value}; weights must be finite`,
    );
    expect(engine.memory()).toEqual(before);
  });
});

describe('contexts that were lengthened after training', () => {
  it('of YaRN are the product, as the configurations of Qwen mean it', async () => {
    const scaling = { type: 'yarn', factor: 4, original_max_position_embeddings: 64 };
    const config = { ...tied, model_type: 'qwen2', rope_scaling: scaling };
    const source = folderOf(config, await tensorsOf(qwen2, config));
    expect((await inspectModel(source)).dimensions.contextLength).toBe(256);
    const { model } = await loadModel(source, { engine, contextLength: 200 });
    expect(model.contextLength).toBe(200);
    model.dispose();
  });

  it('of LongRoPE have the long factors, unless a shorter context is asked for', async () => {
    const scaling = { type: 'longrope', short_factor: [1, 1.5, 2, 3], long_factor: [2, 4, 6, 8] };
    const config = { ...untied, model_type: 'phi3', original_max_position_embeddings: 16, rope_scaling: scaling };
    const own = await tensorsOf(phi3, config);
    const source = folderOf(config, own);
    const { dimensions, choices } = await inspectModel(source);
    expect(dimensions.contextLength).toBe(64);
    expect(choices.find(({ part }) => part === 'context')).toEqual({
      part: 'context',
      choice: '64 positions, with the long factors of LongRoPE',
      reason: 'texts of up to 16 positions may be better with the short factors: contextLength: 16',
    });
    const only = (factors: readonly number[]): ModelSource =>
      folderOf({ ...config, rope_scaling: { ...scaling, short_factor: factors, long_factor: factors } }, own);
    expect(await logits(source)).toEqual(await logits(only(scaling.long_factor)));
    expect(await logits(source, { contextLength: 17 })).toEqual(await logits(only(scaling.long_factor)));
    expect(await logits(source, { contextLength: 16 })).toEqual(await logits(only(scaling.short_factor)));
    expect(await logits(only(scaling.short_factor))).not.toEqual(await logits(only(scaling.long_factor)));
  });
});

it('config.json may hold the numbers that only Python writes', async () => {
  const own = await tensorsOf(llama, tied);
  const config = { ...tied, some_limit: Infinity, other: Number.NaN };
  expect(await logits(folderOf(config, own))).toEqual(await logits(folderOf(tied, own)));
  await expect(loadModel(folderOf({ ...tied, rope_theta: Infinity }, own), { engine })).rejects.toThrow(
    'config.json: rope_theta: must be a number, but is Infinity (llama)',
  );
});
