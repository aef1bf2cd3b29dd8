import type { Tensor2D, TensorFlow } from '../engine/tensorflow.ts';
import { largest } from './distribution.ts';
import type { DeviceSampler, HostSampler, RowStep } from './sampler.ts';

/**
 * Greedy decoding as a stage: keep the largest logit and remove the rest; on ties, keep the lowest id. In a chain that ends
 * with it, earlier stages that cannot change which logit is the largest are skipped. A row with NaN, with +Infinity or with
 * nothing left stays as it is, so sampling from it raises the typed error.
 */
export const argMax: HostSampler & DeviceSampler = {
  name: 'greedy',
  kind: 'filter',
  traits: { keepsArgMax: true, narrows: true, selectsArgMax: true },
  kernel: { reads: 1 },
  onHost: keepLargest,
  onDevice: (logits, { tf }) => keepLargestOnDevice(logits, tf),
};

/** Keep the largest logit of a row: float32, [V], in place. */
export function keepLargest(logits: Float32Array, step: Pick<RowStep, 'candidates' | 'keep'>): void {
  const { id, logit } = largest(logits, step.candidates);
  if (id >= 0 && logit < Infinity) step.keep(logits, [id]);
}

/**
 * Keep the largest logit of each row: float32, [rows, V] -> [rows, V]. A NaN stays.
 *
 * `tf.argMax` does not help: on ties it takes the lowest id on cpu and wasm, but any of them on WebGPU.
 */
export function keepLargestOnDevice(logits: Tensor2D, tf: TensorFlow): Tensor2D {
  const vocabSize = logits.shape[1];
  const ids = tf.range(0, vocabSize);
  const isLargest = tf.equal(logits, tf.max(logits, 1, true));
  const lowest = tf.min(tf.where(isLargest, ids, vocabSize), 1, true);
  const kept = tf.logicalOr(tf.equal(ids, lowest), tf.notEqual(logits, logits));
  return tf.where(kept, logits, Number.NEGATIVE_INFINITY);
}
