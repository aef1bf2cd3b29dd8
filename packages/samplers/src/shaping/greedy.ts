import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type DeviceStep, defineSampler } from '@tokenwright/core';
import { keepLargest } from '../shared/row.ts';

/**
 * Greedy decoding as a stage: keep the largest logit and remove the others, so every sample takes it. On ties, the lowest
 * id stays.
 *
 * In a chain that ends with it, earlier stages that cannot change which logit is the largest are skipped.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @example
 * ```ts
 * greedy();
 * ```
 */
export const greedy = defineSampler({
  name: 'greedy',
  summary: 'Always take the most probable token',
  kind: 'shaping',
  options: {},
  create: () => ({
    traits: { keepsArgMax: true, narrows: true, selectsArgMax: true },
    kernel: { reads: 1 },
    onHost: keepLargest,
    onDevice: keepLargestOnDevice,
  }),
});

/**
 * [rows, V] -> [rows, V]. A NaN stays, so that a broken row is not sampled from.
 *
 * It does not use `argMax`: on ties that takes the lowest id on cpu and wasm, but any of them on WebGPU.
 */
export function keepLargestOnDevice(logits: Tensor2D, { tf }: DeviceStep): Tensor2D {
  const vocabSize = logits.shape[1];
  const ids = tf.range(0, vocabSize);
  const isLargest = tf.equal(logits, tf.max(logits, 1, true));
  const lowest = tf.min(tf.where(isLargest, ids, vocabSize), 1, true);
  const stays = tf.logicalOr(tf.equal(ids, lowest), tf.notEqual(logits, logits));
  return tf.where(stays, logits, Number.NEGATIVE_INFINITY);
}
