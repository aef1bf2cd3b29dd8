import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { installWebgpu } from './webgpu-node.ts';

// Silences the line that TF.js prints in Node.
tf.enableProdMode();

export type TestBackend = 'cpu' | 'wasm' | 'webgpu';

/** The reference engine on a backend; undefined when this machine has no WebGPU, after a clear line. */
export async function testEngine(backend: TestBackend): Promise<Engine | undefined> {
  if (backend === 'webgpu' && (await installWebgpu()) === undefined) return undefined;
  return referenceEngine({ backend });
}
