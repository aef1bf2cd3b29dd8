import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { generate, type LanguageModel, ParameterError, UnknownOptionError } from '@tokenwright/core';
import { layersModel } from '@tokenwright/core/adapters';
import { generationCases, modelCases } from '@tokenwright/core/testing';
import { beforeAll, describe, expect, it, test } from 'vitest';

const vocabSize = 9;
const contextLength = 40;

/** A recurrent network with seeded weights: logits of every position, or of the last one. */
function recurrent(everyPosition: boolean, softmax: boolean, inputShape: [number | null] = [null]): layers.LayersModel {
  const random = (seed: number) => layers.initializers.randomUniform({ minval: -1, maxval: 1, seed });
  return layers.sequential({
    layers: [
      layers.layers.embedding({ inputDim: vocabSize, outputDim: 5, inputShape, embeddingsInitializer: random(1) }),
      layers.layers.simpleRNN({
        units: 6,
        returnSequences: everyPosition,
        kernelInitializer: random(2),
        recurrentInitializer: random(3),
      }),
      layers.layers.dense({
        units: vocabSize,
        kernelInitializer: random(4),
        ...(softmax ? { activation: 'softmax' as const } : {}),
      }),
    ],
  });
}

/** The network's own prediction after `ids`. */
function predicted(network: layers.LayersModel, ids: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const values = (network.predict(tf.tensor2d([...ids], [1, ids.length])) as tf.Tensor).dataSync();
    return Float32Array.from(values.slice(-vocabSize));
  });
}

await tf.setBackend('cpu');

describe.each([
  ['logits of every position', true, false],
  ['logits of the last position', false, false],
  ['probabilities of every position', true, true],
])('a layers model with %s', (_, everyPosition, softmax) => {
  const network = recurrent(everyPosition, softmax);
  const model = layersModel(network, { tf, contextLength, output: softmax ? 'probabilities' : 'logits' });
  const memory = () => ({ bytes: tf.memory().numBytes, buffers: tf.memory().numTensors });
  for (const { name, run } of [
    ...modelCases(model, { memory, tolerance: 1e-5 }),
    ...generationCases(model, { memory, longRun: 60 }),
  ])
    test(name, run, 60_000);

  it('gives the predictions of the network', async () => {
    const ids = [1, 2, 3, 4, 5, 6];
    const logits = await model.forward([ids], model.createCache(), { scored: 3 }).logits.read();
    for (const [i, length] of [4, 5, 6].entries()) {
      const expected = predicted(network, ids.slice(0, length)).map((value) => (softmax ? Math.log(value) : value));
      for (const [id, value] of expected.entries()) expect(logits[i * vocabSize + id]).toBeCloseTo(value, 5);
    }
  });
});

it('the same network with and without a softmax gives the same tokens', async () => {
  const ids = async (softmax: boolean) => {
    const output = softmax ? 'probabilities' : 'logits';
    const model: LanguageModel = layersModel(recurrent(true, softmax), { tf, contextLength, output });
    return (await generate(model, [[1, 2], [3]], { samplers: [], seed: 7, maxNewTokens: 20 })).ids;
  };
  expect(await ids(true)).toEqual(await ids(false));
});

describe('layersModel refuses', () => {
  let network: layers.LayersModel;
  beforeAll(() => {
    network = recurrent(true, false);
  });

  it.each<[string, () => unknown, abstract new (...args: never[]) => Error]>([
    ['an unknown option', () => layersModel(network, { tf, contextLength, outputs: 1 } as never), UnknownOptionError],
    ['an unknown output', () => layersModel(network, { tf, contextLength, output: 'scores' as never }), ParameterError],
    ['a missing TensorFlow.js', () => layersModel(network, { contextLength } as never), ParameterError],
    ['a missing context', () => layersModel(network, { tf } as never), ParameterError],
    ['an input of fixed length', () => layersModel(recurrent(true, false, [8]), { tf, contextLength }), ParameterError],
    [
      'a model of images',
      () => {
        const images = layers.sequential({ layers: [layers.layers.flatten({ inputShape: [4, 4, 1] })] });
        return layersModel(images, { tf, contextLength });
      },
      ParameterError,
    ],
  ])('%s', (_, make, type) => {
    expect(make).toThrow(type);
  });
});
