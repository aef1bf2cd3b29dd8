import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matMulError } from './matmul.ts';
import { installWebgpu } from './webgpu-node.ts';

const adapter = await installWebgpu();

describe.skipIf(!adapter)('TensorFlow.js on WebGPU in Node', () => {
  it('multiplies matrices on the WebGPU kernels', async () => {
    expect(await tf.setBackend('webgpu')).toBe(true);
    expect(tf.getBackend()).toBe('webgpu');
    expect(tf.env().getBool('WEBGPU_CPU_FORWARD')).toBe(false);
    expect(await matMulError(7, 33, 5)).toBeLessThan(1e-4);
  });
});
