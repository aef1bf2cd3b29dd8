import { div, max, maximum, sub } from '@tensorflow/tfjs-core';
import { type DeviceSampler, type HostSampler, ParameterError } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { divideLogits, keepLargest, smallestTemperature } from '../shared/row.ts';
import { keepLargestOnDevice } from './greedy.ts';

export interface TemperatureOptions {
  /** Divisor of the logits, at least 0. 1 changes nothing; below 1 sharpens, above 1 flattens; 0 is greedy. */
  readonly temperature: number;
  /** What t = 0 means: the limit, which is greedy, or an error, as in Hugging Face. Default `'greedy'`. */
  readonly zero?: 'greedy' | 'error';
}

/**
 * l -> l / t. Off at t = 1.
 *
 * t = 0 is the limit: only the largest logit stays, of equals the lowest id. The systems differ there: llama.cpp, vLLM and
 * x-transformers are greedy too, Hugging Face refuses 0 (`zero: 'error'`), web-llm raises it to 1e-6. A negative t is refused.
 * Where a quotient would leave the range of float32, the largest logit is subtracted from all of them first, so that a tiny t
 * tends to greedy and never to an empty row. Removed tokens stay removed, NaN stays NaN.
 */
export function temperature(options: TemperatureOptions): HostSampler & DeviceSampler {
  checkOptionNames('temperature', options, ['temperature', 'zero']);
  const { zero = 'greedy' } = options;
  if (zero !== 'greedy' && zero !== 'error')
    throw new ParameterError('temperature', 'zero', "'greedy' or 'error'", zero);
  const t =
    zero === 'error'
      ? checkNumber('temperature', 'temperature', options.temperature, 'a number above 0', (value) => value > 0)
      : checkNumber('temperature', 'temperature', options.temperature, 'a number of at least 0', (value) => value >= 0);
  return {
    name: 'temperature',
    parameters: zero === 'greedy' ? { temperature: t } : { temperature: t, zero },
    kind: 'shaping',
    traits: {
      keepsArgMax: true,
      narrows: true,
      ...(t === 0 ? { selectsArgMax: true } : {}),
    },
    kernel: { ...(t === 0 ? { reads: 1 } : {}), ...(t >= smallestTemperature ? { edit: () => ({ divide: t }) } : {}) },
    onHost: (logits, step) => {
      if (t === 0) keepLargest(logits, step);
      else divideLogits(logits, step.candidates, t);
    },
    onDevice: (logits) => {
      if (t === 0) return keepLargestOnDevice(logits);
      if (t >= smallestTemperature) return div(logits, t);
      const top = maximum(max(logits, 1, true), -largestFloat);
      return div(sub(logits, top), smallestTemperature);
    },
  };
}

const largestFloat = 3.4028234663852886e38;
