import { ParameterError } from '@tokenwright/core';
import { largestFloat } from './row.ts';

/** A number that is added to a logit. `-Infinity` or '-Infinity' removes the token: JSON has no infinities. */
export type Bias = number | '-Infinity';

export function checkBias(owner: string, parameter: string, value: unknown): number {
  const bias = value === '-Infinity' ? -Infinity : value;
  if (typeof bias !== 'number' || Number.isNaN(bias) || bias === Infinity)
    throw new ParameterError(owner, parameter, "a finite number or '-Infinity'", value);
  return bias;
}

export function biasToJson(bias: Bias): Bias {
  return bias === -Infinity ? '-Infinity' : bias;
}

/** A removed token stays removed; a bias never lifts a logit out of float32. */
export function biased(logit: number, bias: number): number {
  const sum = logit + bias;
  return Number.isFinite(logit) && sum > largestFloat ? largestFloat : sum;
}
