import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { Random, type Sampler } from '@tokenwright/core';
import { Scores } from '@tokenwright/core/sampling';
import { testRow } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { load } from '../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from '../wasm/testing/tiny-models.ts';
import { hasWebgpu, startWebgpu } from '../webgpu/testing/start.ts';
import { tensorsOnDevice } from './tensors-on-device.ts';

const here = await hasWebgpu();
/** On a software driver the kernels of the default take four times as long to compile. */
const quickly = { batchInvariant: false };
const gpt2 = tinyGPT2({ layers: 1, width: 32, intermediateSize: 64 }) as TinyModel;

/** A sampler with only a TF.js form. */
const halved: Sampler = { name: 'halved', onDevice: (logits) => tf.div(logits, 2) };

describe.skipIf(!here)('TF.js on the device of the engine', () => {
  it('reads logits in place and returns a normal matrix', async () => {
    const engine = await startWebgpu({ ...quickly, tensors: tensorsOnDevice });
    // The backend that TF.js prefers must not change.
    const before = { current: 'cpu', tensors: tf.memory().numTensors };
    expect(tf.getBackend()).toBe('cpu');
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    const start = engine.memory();
    const { logits } = model.forward([[1, 2, 3]], cache, { scored: 2 });
    const values = await logits.read();
    const read = engine.report().bytesRead;
    const same = logits.map!((tensor) => tensor);
    const doubled = same.map!((tensor) => tf.mul(tensor, 2));
    const places = logits.map!((tensor) => tf.cast(tf.greater(tensor, 0), 'float32') as tf.Tensor2D);
    // Each stays valid after the others are disposed.
    logits.dispose();
    expect(engine.report().bytesRead).toBe(read);
    expect(await same.read()).toEqual(values);
    same.dispose();
    expect(await doubled.read()).toEqual(values.map((x) => 2 * x));
    expect(await places.read()).toEqual(values.map((x) => (x > 0 ? 1 : 0)));
    const mask = new Uint32Array(Math.ceil(model.vocabSize / 32));
    mask[0] = 0b110;
    const masked = doubled.mask!([mask, mask]);
    expect([...(await masked.choose!(undefined))]).toEqual(
      [0, 1].map((row) => (values[row * model.vocabSize + 1]! >= values[row * model.vocabSize + 2]! ? 1 : 2)),
    );
    for (const matrix of [doubled, places, masked]) matrix.dispose();
    cache.truncate([0]);
    expect(engine.memory()).toEqual(start);
    expect(() => doubled.map!((tensor) => tensor)).toThrow(/disposed/);
    cache.dispose();
    await engine.dispose();
    expect({ current: tf.getBackend(), tensors: tf.memory().numTensors }).toEqual(before);
    expect(tf.findBackendFactory(engine.tensorBackend!)).toBeNull();
    expect(tf.getKernelsForBackend(engine.tensorBackend!)).toEqual([]);
  });

  it('restores everything when the work throws', async () => {
    const engine = await startWebgpu({ ...quickly, tensors: tensorsOnDevice });
    const model = await load(engine, gpt2);
    const { logits } = model.forward([[1]], model.createCache());
    const before = { held: engine.memory(), tensors: tf.memory().numTensors };
    expect(() =>
      logits.map!((tensor) => {
        tf.mul(tensor, 2);
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect({ held: engine.memory(), tensors: tf.memory().numTensors }).toEqual(before);
    expect((await logits.choose!(undefined)).length).toBe(1);
    await engine.dispose();
  });

  it('rejects a TF.js-only sampler by name when it is not enabled', async () => {
    const engine = await startWebgpu(quickly);
    expect(engine.tensorBackend).toBeUndefined();
    const model = await load(engine, gpt2);
    const result = model.forward([[1]], model.createCache());
    expect(result.logits.map).toBeUndefined();
    const { context } = testRow(new Array<number>(model.vocabSize).fill(0), { prompt: [1] });
    const scores = new Scores(result, [{ ...context, random: new Random(1) }], model).apply([halved]);
    await expect(scores.sample()).rejects.toThrow(/does not support the device form of 'halved'.*tensorsOnDevice/);
    scores.dispose();
    await engine.dispose();
    await expect(startWebgpu({ tensors: 1 as never })).rejects.toThrow(/tensors/);
  });
});
