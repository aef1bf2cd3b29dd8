import { LoadError, ShapeError, UnknownOptionError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';
import { inspectModel } from './inspect.ts';
import { files, folder, type ModelSource } from './model-source.ts';
import { float32, safetensorsBytes } from './testing/safetensors-bytes.ts';

const story = folder(new URL('../../demo-model/models/story-amateur', import.meta.url));
const translate = folder(new URL('../../demo-model/models/translate', import.meta.url));

describe('inspectModel', () => {
  it('describes a model from its headers', async () => {
    const inspection = await inspectModel(story);
    expect(inspection).toMatchObject({
      kind: 'safetensors',
      family: 'gpt2',
      hasEncoder: false,
      dimensions: { vocabSize: 4096, contextLength: 512, layers: 2 },
      formats: [{ format: 'F16', tensors: inspection.tensors.length, bytes: inspection.bytes }],
      tokenizer: { kind: 'tokenizer.json', model: 'BPE', vocabSize: 4096, specialTokens: 1 },
      chatTemplate: false,
      defaults: { endTokens: [0], startTokens: [0], maxNewTokens: 200 },
    });
    const { parameters, bytes, dimensions, cacheBytesPerToken } = inspection;
    expect(bytes).toBe(parameters * 2);
    expect(cacheBytesPerToken).toBe(2 * dimensions.layers * dimensions.kvHeads * dimensions.headDim * 4);
    expect(inspection.tensors.every(({ used }) => used)).toBe(true);
  });

  it('says how a model with an encoder is loaded', async () => {
    const { hasEncoder, family, choices } = await inspectModel(translate);
    expect({ hasEncoder, family }).toEqual({ hasEncoder: true, family: 'bart' });
    expect(choices).toContainEqual({
      part: 'loaded by',
      choice: 'loadSequenceToSequence',
      reason: 'the family has an encoder',
    });
  });

  it('reads no weights', async () => {
    const read: [string, number, number][] = [];
    const watched: ModelSource = {
      ...story,
      async file(name) {
        const file = await story.file(name);
        return (
          file && {
            ...file,
            read(from, to) {
              if (name.endsWith('.safetensors')) read.push([name, from, to]);
              return file.read(from, to);
            },
          }
        );
      },
    };
    const { bytes } = await inspectModel(watched);
    const most = read.reduce((sum, [, from, to]) => sum + to - from, 0);
    expect(most).toBeLessThan(bytes / 50);
  });

  const config = { model_type: 'gpt2', n_layer: 1, n_embd: 2, n_head: 1, n_positions: 4, vocab_size: 8 };
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'wte.weight': [8, 2],
    'wpe.weight': [4, 2],
    'h.0.ln_1.weight': [2],
    'h.0.ln_1.bias': [2],
    'h.0.attn.c_attn.weight': [2, 6],
    'h.0.attn.c_attn.bias': [6],
    'h.0.attn.c_proj.weight': [2, 2],
    'h.0.attn.c_proj.bias': [2],
    'h.0.ln_2.weight': [2],
    'h.0.ln_2.bias': [2],
    'h.0.mlp.c_fc.weight': [2, 8],
    'h.0.mlp.c_fc.bias': [8],
    'h.0.mlp.c_proj.weight': [8, 2],
    'h.0.mlp.c_proj.bias': [2],
    'ln_f.weight': [2],
    'ln_f.bias': [2],
  };
  const tiny = (more: Readonly<Record<string, readonly number[]>> = {}, options: object = {}): ModelSource =>
    files(
      {
        'config.json': new TextEncoder().encode(JSON.stringify({ ...config, ...options })),
        'model.safetensors': safetensorsBytes(
          Object.fromEntries(
            Object.entries({ ...shapes, ...more }).map(([name, shape]) => [
              name,
              float32(shape, ...new Array<number>(shape.reduce((product, n) => product * n, 1)).fill(0)),
            ]),
          ),
        ),
      },
      'tiny',
    );

  it('tells which tensors are not used, and counts only the others', async () => {
    const plain = await inspectModel(tiny());
    const { tensors, parameters, choices } = await inspectModel(tiny({ 'h.0.attn.masked_bias': [1] }));
    expect(tensors.filter(({ used }) => !used).map(({ name }) => name)).toEqual(['h.0.attn.masked_bias']);
    expect(parameters).toBe(plain.parameters);
    expect(choices.find(({ part }) => part === 'left out')).toEqual({
      part: 'left out',
      choice: '1 tensor',
      reason: 'the family does not ask for h.0.attn.masked_bias',
    });
    expect(plain.tokenizer).toBeUndefined();
  });

  it('refuses what load refuses', async () => {
    await expect(inspectModel(tiny({}, { n_embd: 4 }))).rejects.toThrow(ShapeError);
    await expect(inspectModel(tiny({}, { n_embd: 4 }))).rejects.toThrow(
      "the tensor 'wte.weight' must have shape [8, 4], but it has [8, 2]",
    );
    await expect(inspectModel(tiny({}, { model_type: 'mamba' }))).rejects.toThrow(
      "config.json: model_type: the family 'mamba' is not known; known: gpt2, gpt_neo",
    );
    await expect(inspectModel(tiny(), { weights: true } as never)).rejects.toThrow(UnknownOptionError);
    await expect(inspectModel(bytesSource(new Uint8Array(9), 'x'))).rejects.toThrow(LoadError);
  });
});
