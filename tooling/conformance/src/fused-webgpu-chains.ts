import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { tensorsOnDevice } from '@tokenwright/backends/tfjs';
import { type FusedWebgpuEngine, fusedWebgpu } from '@tokenwright/backends/webgpu';
import { generate, type LanguageModel, type Sampler } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installWebgpu } from './webgpu-node.ts';

/** A named chain, and the bytes that it reads back per token. */
export type MeasuredChain = readonly [name: string, samplers: Sampler[], bytes: number];

const here = (await installWebgpu()) !== undefined;

/** Large enough that a row is expensive to read back: 18,000 bytes. */
const vocabSize = 4500;

/**
 * Each chain on the fused WebGPU engine gives the tokens of its host forms and reads back no more than stated. `tensors`: with TF.js on
 * the same device. Without it, no buffer is created per token either.
 */
export function testChains(chains: readonly MeasuredChain[], tensors: boolean): void {
  describe.skipIf(!here)('chains on the fused WebGPU engine', () => {
    const { architecture } = tinyModels[0]!;
    const config = { ...(tinyModels[0]!.config as object), vocabSize };
    let device: FusedWebgpuEngine;
    let far: LanguageModel;

    beforeAll(async () => {
      await tf.setBackend('cpu');
      const weights = seededWeights(architecture, config, { seed: 3, deviation: 0.3 });
      // Kernels of the default take four times as long to compile on a software driver: they are left to the slow suite.
      device = await fusedWebgpu(tensors ? { tensors: tensorsOnDevice } : { batchInvariant: false }).start();
      far = await createModel(device, architecture, config, weights);
    });
    afterAll(() => device.dispose());

    /** The same model, with every stage on the host. */
    const near = (): LanguageModel =>
      new Proxy(far, {
        get: (model, name) => {
          if (name === 'readbackIsExpensive') return false;
          const value: unknown = Reflect.get(model, name, model);
          return typeof value === 'function' ? value.bind(model) : value;
        },
      });

    const tokens = async (model: LanguageModel, samplers: Sampler[], maxNewTokens: number): Promise<number[]> => {
      const ids: number[] = [];
      const options = { samplers, seed: 5, maxNewTokens, eosTokenIds: [], onWarning: () => {} };
      for await (const event of generate(model, [8], options)) if (event.type === 'token') ids.push(event.id);
      return ids;
    };

    test.each(chains)(
      '%s: gives the tokens of the host, and reads back the stated bytes per token',
      async (_, samplers, most) => {
        const host = await tokens(near(), samplers, 4);
        const before = { tensors: tf.memory().numTensors, held: device.memory() };
        const start = device.report().bytesRead;
        expect(await tokens(far, samplers, 4)).toEqual(host);
        expect((device.report().bytesRead - start) / host.length).toBe(most);
        expect(most).toBeLessThanOrEqual(4096);
        expect({ tensors: tf.memory().numTensors, held: device.memory() }).toEqual(before);
        if (tensors) return;
        const { buffersCreated } = device.report();
        expect(await tokens(far, samplers, 4)).toEqual(host);
        expect(device.report().buffersCreated).toBe(buffersCreated);
      },
    );
  });
}
