import { equal, logicalOr, max, min, notEqual, range, type Tensor2D, where } from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { keepLargest } from '../shared/row.ts';

/**
 * Greedy decoding as a stage: keep the largest logit and remove the rest, so every draw takes it. Of equals the lowest id.
 *
 * In a chain that ends with it, earlier stages that cannot change which logit is the largest are skipped.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function greedy(): HostSampler & DeviceSampler {
  return {
    name: 'greedy',
    parameters: {},
    kind: 'shaping',
    traits: {
      keepsArgMax: true,
      narrows: true,
      selectsArgMax: true,
    },
    kernel: { reads: 1 },
    onHost: keepLargest,
    onDevice: keepLargestOnDevice,
  };
}

/**
 * [rows, V] -> [rows, V]. A NaN stays, so that a broken row is not drawn from.
 *
 * Not by `argMax`: of equals it takes the lowest id on cpu and wasm, but any of them on WebGPU.
 */
export function keepLargestOnDevice(logits: Tensor2D): Tensor2D {
  const vocabSize = logits.shape[1];
  const ids = range(0, vocabSize);
  const lowest = min(where(equal(logits, max(logits, 1, true)), ids, vocabSize), 1, true);
  return where(logicalOr(equal(ids, lowest), notEqual(logits, logits)), logits, Number.NEGATIVE_INFINITY);
}
