import { type Json, ParameterError } from '@tokenwright/core';
import { checkList, isObject, readable } from '@tokenwright/core/options';

/** What is printed of a sampler. Samplers have it, and so has a stage as data in the options that the end of a call reports. */
export interface PrintedStage {
  readonly name: string;
  readonly parameters?: Json | undefined;
}

/**
 * A chain on one line, in order; an empty one is `(none)`. Takes samplers, and stages as data: `end.options.samplers.value`.
 *
 * @example
 * ```ts
 * printChain([topK({ k: 40 }), temperature({ temperature: 0.8 })]);
 * // top-k(k 40, ties exactly-k) > temperature(temperature 0.8)
 * ```
 */
export function printChain(samplers: readonly PrintedStage[]): string {
  const item = (stage: unknown, at: number): PrintedStage => checkStage('printChain', `samplers[${at}]`, stage);
  const chain = checkList('printChain', 'samplers', samplers, 'a list of samplers', { item });
  return chain.length === 0 ? '(none)' : chain.map(print).join(' > ');
}

/** One stage: its name, and its parameters if any. */
export function printSampler(sampler: PrintedStage): string {
  return print(checkStage('printSampler', 'sampler', sampler));
}

function checkStage(owner: string, parameter: string, stage: unknown): PrintedStage {
  return readable(owner, parameter, stage, () => {
    const { name, parameters } = (isObject(stage) ? stage : {}) as Partial<PrintedStage>;
    if (typeof name !== 'string' || name === '')
      throw new ParameterError(owner, parameter, 'a sampler, or an object with its name and parameters', stage);
    return { name, ...(parameters === undefined ? {} : { parameters }) };
  });
}

function print({ name, parameters }: PrintedStage): string {
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
