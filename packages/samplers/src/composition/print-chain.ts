import type { Json, Sampler } from '@tokenwright/core';
import { checkSampler, checkSamplers } from '@tokenwright/core/options';

/**
 * A chain on one line, in order; an empty one is `(none)`.
 *
 * @example
 * ```ts
 * printChain([topK({ k: 40 }), temperature({ temperature: 0.8 })]);
 * // top-k(k 40, ties exactly-k) > temperature(temperature 0.8)
 * ```
 */
export function printChain(samplers: readonly Sampler[]): string {
  const chain = checkSamplers('printChain', 'samplers', samplers);
  return chain.length === 0 ? '(none)' : chain.map(print).join(' > ');
}

/** One stage: its name, and its parameters if any. */
export function printSampler(sampler: Sampler): string {
  return print(checkSampler('printSampler', 'sampler', sampler));
}

function print({ name, parameters }: Sampler): string {
  const entries = parametersOf(parameters).map(([key, value]) => `${key} ${printValue(value)}`);
  return entries.length === 0 ? name : `${name}(${entries.join(', ')})`;
}

/** The parameters as pairs; none for a sampler without. */
export function parametersOf(parameters: Json | undefined): [name: string, value: Json][] {
  if (parameters === undefined || parameters === null) return [];
  if (typeof parameters !== 'object' || Array.isArray(parameters)) return [['value', parameters as Json]];
  return Object.entries(parameters);
}

export function printValue(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
