import { defineSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { type HostAndDeviceForms, keepLargest, keepLargestOnDevice } from '@tokenwright/core/sampling';
import { divideLogits, largestFloat, smallestTemperature } from '../shared/row.ts';

const options = {
  /** Divisor of the logits, at least 0. 1 is off; below 1 sharpens, above 1 flattens; 0 is greedy. */
  temperature: numberOption({
    min: 0,
    off: 1,
    suggested: 0.8,
    help: 'Divisor of the logits: below 1 sharpens, above 1 flattens, 0 is greedy',
  }),
};

export type TemperatureOptions = OptionsOf<typeof options>;

/**
 * l -> l / temperature. Off at 1.
 *
 * 0 is the limit: only the largest logit stays; on ties, the lowest id. The systems differ there: llama.cpp, vLLM and
 * x-transformers are greedy too, Hugging Face refuses 0 (and so does its preset), web-llm raises it to 1e-6.
 * Where a quotient would leave the range of float32, the largest logit is subtracted from all of them first, so that a
 * tiny temperature tends to greedy and never to an empty row. Removed tokens stay removed, NaN stays NaN.
 *
 * @example
 * ```ts
 * temperature({ temperature: 0.8 });
 * ```
 */
export const temperature = defineSampler({
  name: 'temperature',
  summary: 'Divide the logits by T: below 1 is more certain, above 1 more random, 0 is greedy',
  kind: 'shaping',
  options,
  create: ({ temperature: t }): HostAndDeviceForms => ({
    traits: { keepsArgMax: true, narrows: true, ...(t === 0 ? { selectsArgMax: true } : {}) },
    kernel: { ...(t === 0 ? { reads: 1 } : {}), ...(t >= smallestTemperature ? { edit: () => ({ divide: t }) } : {}) },
    onHost(logits, step) {
      if (t === 0) keepLargest(logits, step);
      else divideLogits(logits, step.candidates, t);
    },
    onDevice(logits, step) {
      const { tf } = step;
      if (t === 0) return keepLargestOnDevice(logits, step.tf);
      if (t >= smallestTemperature) return tf.div(logits, t);
      const top = tf.maximum(tf.max(logits, 1, true), -largestFloat);
      return tf.div(tf.sub(logits, top), smallestTemperature);
    },
  }),
});
