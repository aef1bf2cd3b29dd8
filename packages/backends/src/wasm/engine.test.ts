import '@tensorflow/tfjs-backend-cpu';
import { createModel, type Engine, type LanguageModel } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWasm } from './index.ts';
import { type TinyModel, tinyGPT2, tinyLlama } from './testing/tiny-models.ts';

const models: readonly TinyModel[] = [
  tinyGPT2() as TinyModel,
  { ...tinyGPT2({ width: 36, heads: 3, hidden: 50, vocabSize: 61, tied: false }), name: 'odd GPT-2' } as TinyModel,
  { ...tinyGPT2({ width: 30, heads: 3, hidden: 33, activation: 'gelu' }), name: 'odder GPT-2' } as TinyModel,
  tinyLlama() as TinyModel,
  {
    ...tinyLlama({ width: 40, heads: 6, kvHeads: 3, headDim: 10, hidden: 53, tied: true, attentionBias: true }),
    name: 'odd Llama',
  } as TinyModel,
];

const prompt = Array.from({ length: 70 }, (_, i) => (i * 37 + 5) % 60);

/** Logits of the last token of every call that a list of calls makes, one row. */
async function logitsOf(model: LanguageModel, calls: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const cache = model.createCache();
  const all: Float32Array[] = [];
  for (const call of calls) {
    const result = model.forward([call], cache, { scored: call.length });
    const values = await result.logits.read();
    for (let i = 0; i < call.length; i++) all.push(values.slice(i * model.vocabSize, (i + 1) * model.vocabSize));
    result.dispose();
  }
  cache.dispose();
  return all;
}

function load(engine: Engine, { architecture, config, source }: TinyModel): Promise<LanguageModel> {
  return createModel(engine, architecture, config, source);
}

/** Largest difference, as a share of the largest value that was expected. */
function errorOf(received: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(received[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}

describe.each(models)('$name with float32 weights', (tiny) => {
  let reference: LanguageModel;
  let model: LanguageModel;
  let engines: Engine[];

  beforeAll(async () => {
    engines = [await referenceEngine({ backend: 'cpu' }), await fusedWasm({ threads: 1 })];
    reference = await load(engines[0]!, tiny);
    model = await load(engines[1]!, tiny);
  });
  afterAll(async () => {
    for (const engine of engines) await engine.dispose();
  });

  it('gives the logits of the reference engine', async () => {
    const expected = await logitsOf(reference, [prompt]);
    const received = await logitsOf(model, [prompt]);
    for (const [i, row] of expected.entries()) expect(errorOf(received[i]!, row), `token ${i}`).toBeLessThan(1e-4);
  });
});
