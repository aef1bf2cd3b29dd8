import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { enableProdMode, env, memory } from '@tensorflow/tfjs-core';
import { tfjs } from '@tokenwright/backends/tfjs';
import type { Engine } from '@tokenwright/core';

const here = (url: string): string => new URL(url, import.meta.url).href;

const wasmPaths = {
  'tfjs-backend-wasm.wasm': here(plain),
  'tfjs-backend-wasm-simd.wasm': here(simd),
  // The backend requires a path for this name, but never uses it: see below.
  'tfjs-backend-wasm-threaded-simd.wasm': here(simd),
};

export async function startTfjs(backend: 'wasm' | 'webgpu' | 'cpu'): Promise<Engine> {
  enableProdMode();
  if (backend === 'wasm') {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    // The backend is registered now, so TensorFlow.js may start it at any time.
    setWasmPaths(wasmPaths);
    // TensorFlow.js sends the source text of its module to its threads, and a minifier has made that text incomplete.
    env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    return tfjs({ backend, wasmPaths }).start();
  }
  if (backend === 'webgpu') {
    await import('@tensorflow/tfjs-backend-webgpu');
    // Otherwise small operations run in JavaScript while the page waits for the GPU.
    env().set('WEBGPU_CPU_FORWARD', false);
  }
  return tfjs({ backend }).start();
}

/** Tensors that are alive, on all backends. */
export function liveTensors(): number {
  return memory().numTensors;
}
