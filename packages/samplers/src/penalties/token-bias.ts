import { add, less, minimum, scatterND, type Tensor2D, tensor1d, tensor2d, where } from '@tensorflow/tfjs-core';
import { type DeviceSampler, type HostSampler, ParameterError } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { refuseOutside } from '../shared/token-ids.ts';

/** A number to add to a logit; '-Infinity' (or the number) removes the token. A word, because JSON has no infinities. */
export type Bias = number | '-Infinity';

export interface TokenBiasOptions {
  /** By token id. OpenAI and vLLM limit the values to [-100, 100]. */
  readonly biases: Readonly<Record<number, Bias>>;
}

/**
 * l -> l + bias for the listed tokens (`logit_bias` of the OpenAI interface; llama.cpp, vLLM, web-llm). 0 is off.
 * Removed tokens stay removed, NaN stays NaN, and no sum passes the largest float32. An id outside the vocabulary is an
 * error when the stage is applied.
 *
 * Example: logits [1, 2, 3], biases { 0: 4, 2: -1 }: [5, 2, 2].
 */
export function tokenBias(options: TokenBiasOptions): HostSampler & DeviceSampler {
  checkOptionNames('tokenBias', options, ['biases']);
  const { biases } = options;
  if (typeof biases !== 'object' || biases === null || Array.isArray(biases))
    throw new ParameterError('tokenBias', 'biases', 'an object of token id to bias', biases);
  const entries = Object.entries(biases).map(([key, bias]) => {
    const id = Number(key);
    if (!Number.isInteger(id) || id < 0 || String(id) !== key)
      throw new ParameterError('tokenBias', 'biases', 'keyed by token ids', key);
    return [id, checkBias('tokenBias', `biases[${id}]`, bias)] as const;
  });
  const ids = entries.map(([id]) => id);
  return {
    name: 'token-bias',
    parameters: { biases: Object.fromEntries(entries.map(([id, bias]) => [id, biasToJson(bias)])) },
    kind: entries.some(([, bias]) => bias === -Infinity) ? 'constraint' : 'bias',
    traits: {
      keepsArgMax: entries.every(([, bias]) => bias === 0),
      narrows: true,
    },
    onHost: (logits) => {
      refuseOutside('tokenBias', 'biases', ids, logits.length);
      for (const [id, bias] of entries) logits[id] = biased(logits[id]!, bias);
    },
    onDevice: (logits) => {
      const [rows, vocabSize] = logits.shape;
      refuseOutside('tokenBias', 'biases', ids, vocabSize);
      if (entries.length === 0 || rows === 0) return logits;
      const places = tensor2d(
        ids.map((id) => [0, id]),
        undefined,
        'int32',
      );
      // One row serves all rows of the batch.
      const row = scatterND(places, tensor1d(entries.map(([, bias]) => Math.min(bias, largestFloat))), [1, vocabSize]);
      const sums = add(logits, row);
      if (entries.every(([, bias]) => bias <= 0)) return sums as Tensor2D;
      return where(less(logits, Number.POSITIVE_INFINITY), minimum(sums, largestFloat), sums) as Tensor2D;
    },
  };
}

export function checkBias(owner: string, parameter: string, value: unknown): number {
  const bias = value === '-Infinity' ? -Infinity : value;
  if (typeof bias !== 'number' || Number.isNaN(bias) || bias === Infinity)
    throw new ParameterError(owner, parameter, "a finite number or '-Infinity'", value);
  return bias;
}

export function biasToJson(bias: number): Bias {
  return bias === -Infinity ? '-Infinity' : bias;
}

/** A removed token stays removed; a bias never lifts a logit out of float32. */
export function biased(logit: number, bias: number): number {
  const sum = logit + bias;
  return Number.isFinite(logit) && sum > largestFloat ? largestFloat : sum;
}

const largestFloat = 3.4028234663852886e38;
