import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { describe, expect, it } from 'vitest';
import { matMulError } from './matmul.ts';

setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
});

describe('TensorFlow.js in the browser', () => {
  it('runs in a cross-origin isolated page', () => {
    expect(globalThis.crossOriginIsolated).toBe(true);
  });

  it.each(['cpu', 'wasm', 'webgpu'])('multiplies matrices on %s', async (backend) => {
    tf.env().set('WEBGPU_CPU_FORWARD', false);
    expect(await tf.setBackend(backend)).toBe(true);
    expect(tf.getBackend()).toBe(backend);
    expect(await matMulError(7, 33, 5)).toBeLessThan(1e-4);
  });
});
