import { type Json, ParameterError, type Sampler, UnknownOptionError, UnsupportedError } from '@tokenwright/core';
import { checkList, checkSamplers, readOptions } from '@tokenwright/core/options';
import { compatRegistry, type SamplerRegistry } from './registry.ts';

/** A chain as data: one entry per stage, in order. */
export type ChainJson = readonly SamplerJson[];

export interface SamplerJson {
  readonly sampler: string;
  readonly parameters: Json;
}

/**
 * A chain as data that survives JSON. Every sampler must have `parameters`; otherwise an {@link UnsupportedError} names it.
 *
 * @example
 * ```ts
 * chainToJson([topK({ k: 40 })]); // [{ sampler: 'top-k', parameters: { k: 40, ties: 'exactly-k' } }]
 * ```
 */
export function chainToJson(samplers: readonly Sampler[]): ChainJson {
  return checkSamplers('chainToJson', 'samplers', samplers).map(({ name, parameters }) => {
    if (parameters === undefined) throw new UnsupportedError('JSON', `The sampler '${name}'`, 'It has no parameters.');
    return { sampler: name, parameters };
  });
}

/**
 * The chain that {@link chainToJson} described. An unknown name raises an {@link UnknownOptionError} with the nearest known
 * one; parameters are checked by the factories.
 *
 * @param registry factories by name. Default: all of this package, those with compatibility switches too. Add your own with
 * `createSamplerRegistry`, and the texts of tokens with `withTokenizer`.
 * @example
 * ```ts
 * chainFromJson([{ sampler: 'top-k', parameters: { k: 40 } }]);
 * ```
 */
export function chainFromJson(chain: unknown, registry: SamplerRegistry = compatRegistry): Sampler[] {
  const item = (given: unknown, index: number): Sampler => {
    const owner = `chainFromJson: stage ${index} of the chain`;
    const stage = readOptions(owner, given as Partial<SamplerJson>, ['sampler', 'parameters'], 'sampler');
    const { sampler: name, parameters = {} } = stage;
    if (typeof name !== 'string')
      throw new ParameterError(owner, 'sampler', "an object { sampler: 'name', parameters }", given);
    if (!Object.hasOwn(registry, name)) throw new UnknownOptionError(owner, name, Object.keys(registry));
    if (!isRecord(parameters)) throw new ParameterError(owner, 'parameters', 'an object', parameters);
    return registry[name]!(parameters as never);
  };
  return [...checkList('chainFromJson', 'chain', chain, 'an array of stages', { item })];
}

function isRecord(value: unknown): value is { sampler?: unknown; parameters?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
