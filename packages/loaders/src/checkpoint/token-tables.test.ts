import '@tensorflow/tfjs-backend-cpu';
import { type Engine, LoadError } from '@tokenwright/core';
import { bart, marian, t5 } from '@tokenwright/core/architectures';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../convert/convert.ts';
import { memorySink } from '../convert/sink.ts';
import { loadSequenceToSequenceModel } from '../load.ts';
import type { JsonObject } from '../sources/json.ts';
import { files, type ModelSource } from '../sources/model-source.ts';
import { float32, safetensorsBytes, type TestTensor } from '../testing/safetensors-bytes.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const stacks = {
  d_model: 4,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 4,
  decoder_ffn_dim: 4,
  max_position_embeddings: 8,
  vocab_size: 5,
};
const families = {
  bart: [bart, { model_type: 'bart', ...stacks }],
  marian: [marian, { model_type: 'marian', ...stacks }],
  t5: [t5, { model_type: 't5', vocab_size: 5, d_model: 4, d_kv: 2, num_heads: 2, d_ff: 4, num_layers: 1 }],
} as const;

/** A checkpoint, with further tables: the shared one times a factor. */
async function checkpointWith(
  family: keyof typeof families,
  further: Readonly<Record<string, number>>,
  more: JsonObject = {},
): Promise<ModelSource> {
  const [architecture, config] = families[family];
  const json = { ...config, ...more };
  const weights = seededWeights(architecture as typeof bart, architecture.configure(json) as never);
  const tensors: Record<string, TestTensor> = {};
  for (const name of weights.names!()) tensors[name] = float32(weights.shape(name)!, ...(await weights.read(name)));
  const shared = tensors['shared.weight'];
  for (const [name, factor] of Object.entries(further))
    tensors[name] = float32(shared!.shape, ...Array.from(shared!.data as Float32Array, (value) => value * factor));
  return files({
    'config.json': new TextEncoder().encode(JSON.stringify(json)),
    'model.safetensors': safetensorsBytes(tensors),
  });
}

describe.each(['bart', 'marian', 't5'] as const)('the token tables of %s', (family) => {
  it('may be stored more than once, as copies', async () => {
    const copies = { 'encoder.embed_tokens.weight': 1, 'decoder.embed_tokens.weight': 1 };
    const source = await checkpointWith(family, copies);
    (await loadSequenceToSequenceModel(source, { engine })).dispose();
    await convertModel(source, memorySink(), { format: 'f32' });
  });

  it.each(['encoder', 'decoder'])('are refused when that of the %s is another', async (side) => {
    const before = engine.memory();
    const source = await checkpointWith(family, { [`${side}.embed_tokens.weight`]: 2 });
    const loading = loadSequenceToSequenceModel(source, { engine });
    await expect(loading).rejects.toThrow(LoadError);
    await expect(loading).rejects.toThrow(
      `${side}.embed_tokens.weight: differs from 'shared.weight', but encoder and decoder share one token table here`,
    );
    await expect(convertModel(source, memorySink(), { format: 'f32' })).rejects.toThrow("differs from 'shared.weight'");
    expect(engine.memory()).toEqual(before);
  });
});

it('a model with a vocabulary for each side has two tables', async () => {
  const own = { share_encoder_decoder_embeddings: false, decoder_vocab_size: 7 };
  const source = await checkpointWith('marian', {}, own);
  const { sequenceToSequence, dispose } = await loadSequenceToSequenceModel(source, { engine });
  expect([sequenceToSequence.sourceVocabSize, sequenceToSequence.vocabSize]).toEqual([5, 7]);
  dispose();
});
