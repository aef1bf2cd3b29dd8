import type { Json, Sampler } from '@tokenwright/core';

/**
 * A chain on one line, in order. Example: `top-k(k 40, ties exactly-k) > temperature(t 0.8)`; an empty one prints `(none)`.
 */
export function printChain(samplers: readonly Sampler[]): string {
  return samplers.length === 0 ? '(none)' : samplers.map(printSampler).join(' > ');
}

/** One stage: its name, and its parameters when it has some. */
export function printSampler({ name, parameters }: Sampler): string {
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
