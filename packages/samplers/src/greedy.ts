import {
  argMax,
  cast,
  equal,
  expandDims,
  logicalOr,
  notEqual,
  range,
  type Tensor2D,
  where,
} from '@tensorflow/tfjs-core';
import type { DeviceSampler, HostSampler } from '@tokenwright/core';
import { keepLargest } from './row.ts';

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
    algebra: {
      domain: 'logits',
      shiftInvariant: true,
      scaleInvariant: true,
      keepsArgMax: true,
      narrows: true,
      selectsArgMax: true,
    },
    reads: { top: 1 },
    onHost: keepLargest,
    onDevice: keepLargestOnDevice,
  };
}

/** [rows, V] -> [rows, V]. A NaN stays, so that a broken row is not drawn from. */
export function keepLargestOnDevice(logits: Tensor2D): Tensor2D {
  const ids = range(0, logits.shape[1], 1, 'int32');
  const chosen = equal(ids, expandDims(cast(argMax(logits, 1), 'int32'), 1));
  return where(logicalOr(chosen, notEqual(logits, logits)), logits, Number.NEGATIVE_INFINITY);
}
