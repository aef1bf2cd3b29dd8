import * as tf from '@tensorflow/tfjs-core';
import { DeviceLostError, type Engine, generate } from '@tokenwright/core';
import { afterEach, describe, expect, it } from 'vitest';
import { load } from '../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from '../wasm/testing/tiny-models.ts';
import { hasWebgpu } from '../webgpu/testing/start.ts';
import { tfjs } from './tfjs.ts';

const here = await hasWebgpu();
const gpt2 = tinyGPT2({ layers: 1, width: 32, intermediateSize: 64 }) as TinyModel;
const options = { maxNewTokens: 8, seed: 1, eosTokenIds: [], samplers: [] };

/** Destroy the device of TF.js, as a failing driver would. */
async function loseDevice(): Promise<void> {
  const { device } = tf.engine().registry.webgpu as unknown as { device: { destroy(): void; lost: Promise<unknown> } };
  device.destroy();
  await device.lost;
}

async function tokens(engine: Engine): Promise<readonly number[]> {
  const model = await load(engine, gpt2);
  try {
    return (await generate(model, [1, 2, 3], options)).sequences[0]!.ids;
  } finally {
    model.dispose();
  }
}

describe.skipIf(!here)('TF.js on WebGPU, when its device is lost', () => {
  let engine: Engine;
  afterEach(() => engine.dispose());

  it('gives a typed error in mid-stream and afterwards, and the next start works', async () => {
    engine = await tfjs({ backend: 'webgpu', onNotice: () => {} }).start();
    const expected = await tokens(engine);
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    let received = 0;
    const stream = async (): Promise<void> => {
      for await (const event of generate(model, [1, 2, 3], { ...options, cache }))
        if (event.type === 'token' && ++received === 3) await loseDevice();
    };
    await expect(stream()).rejects.toThrow(DeviceLostError);
    expect(received).toBe(3);
    expect(() => model.forward([[4]], cache)).toThrow(DeviceLostError);
    await expect(load(engine, gpt2)).rejects.toThrow(DeviceLostError);
    cache.dispose();
    model.dispose();
    await engine.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });

    engine = await tfjs({ backend: 'webgpu', onNotice: () => {} }).start();
    expect(await tokens(engine)).toEqual(expected);
  }, 120_000);

  it('is a typed error of a readback that is under way', async () => {
    engine = await tfjs({ backend: 'webgpu', onNotice: () => {} }).start();
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    const { logits } = model.forward([[1, 2]], cache);
    const reading = logits.read().then(
      () => 'numbers',
      (error: unknown) => error,
    );
    await loseDevice();
    const outcome = await reading;
    if (outcome !== 'numbers') expect(outcome).toBeInstanceOf(DeviceLostError);
    await expect(logits.read()).rejects.toThrow(DeviceLostError);
    logits.dispose();
    cache.dispose();
    model.dispose();
  }, 120_000);

  it('stays selected where the application had selected it', async () => {
    engine = await tfjs({ backend: 'webgpu', onNotice: () => {} }).start();
    await tf.setBackend('webgpu');
    await loseDevice();
    await engine.dispose();
    engine = await tfjs({ backend: 'webgpu', onNotice: () => {} }).start();
    expect(tf.getBackend()).toBe('webgpu');
    expect(await tf.add(tf.tensor1d([1, 2]), 1).data()).toEqual(Float32Array.of(2, 3));
  }, 120_000);
});
