import * as tf from '@tensorflow/tfjs-core';
import type { DeviceSampler, RowStep, Sampler } from './sampler.ts';

/** Run device stages on a batch of logits and read the result: [rows * V]. The logits are disposed. */
export async function runOnDevice(
  backend: string,
  logits: () => tf.Tensor2D,
  stages: readonly { sampler: Sampler; rows: readonly RowStep[] }[],
): Promise<Float32Array> {
  if (tf.getBackend() !== backend) void tf.setBackend(backend);
  const result = tf.tidy(() =>
    stages.reduce((x, { sampler, rows }) => (sampler as DeviceSampler).onDevice(x, { rows }), logits()),
  );
  try {
    return ((await result.data()) as Float32Array).slice();
  } finally {
    result.dispose();
  }
}
