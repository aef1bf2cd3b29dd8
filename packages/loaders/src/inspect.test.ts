import { LoadError, ParameterError, ShapeError, UnknownOptionError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { inspectModel } from './inspect.ts';
import { bytesSource } from './sources/byte-source.ts';
import { files, folder, type ModelSource } from './sources/model-source.ts';
import { float32, safetensorsBytes, type TestTensor } from './testing/safetensors-bytes.ts';
import { tinyConfig, tinyTensors } from './testing/tiny-gpt2.ts';

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
      defaults: { eosTokenIds: [0], decoderStartTokenIds: [0], maxNewTokens: 200 },
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

  it('reads no tokenizer when it is not asked for', async () => {
    const read: string[] = [];
    const watched: ModelSource = {
      ...story,
      file(name) {
        read.push(name);
        return story.file(name);
      },
    };
    const inspection = await inspectModel(watched, { tokenizer: false });
    expect(inspection.tokenizer).toBeUndefined();
    expect(inspection.choices.map(({ part }) => part)).not.toContain('tokenizer');
    expect(read.filter((name) => /token|template|merges|vocab/.test(name))).toEqual([]);
    await expect(inspectModel(story, { tokenizer: 'no' as never })).rejects.toThrow(ParameterError);
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

  const tiny = (more: Readonly<Record<string, TestTensor>> = {}, options: object = {}): ModelSource =>
    files(
      {
        'config.json': new TextEncoder().encode(JSON.stringify({ ...tinyConfig, ...options })),
        'model.safetensors': safetensorsBytes({ ...tinyTensors(), ...more }),
      },
      'tiny',
    );

  it('tells which tensors are not used, and counts only the others', async () => {
    const plain = await inspectModel(tiny());
    const { tensors, parameters, choices } = await inspectModel(tiny({ 'h.0.attn.masked_bias': float32([1], 0) }));
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
