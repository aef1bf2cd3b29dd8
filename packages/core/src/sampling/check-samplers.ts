import { checkList } from '../check/lists.ts';
import { isArray, readable } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import type { Sampler } from './sampler.ts';

const formNames = ['onHost', 'onDevice', 'mask'] as const;

/**
 * A chain of samplers, as a copy of the caller's list.
 *
 * @throws ParameterError for anything else; it says so when a factory was not called.
 */
export function checkSamplers(owner: string, name: string, value: unknown): readonly Sampler[] {
  const item = (entry: unknown, at: number): Sampler => checkSampler(owner, `${name}[${at}]`, entry);
  if (!isArray(value)) throw new ParameterError(owner, name, 'a list of samplers', value);
  return checkList(owner, name, value, 'a list of samplers', { item });
}

/** @throws ParameterError for anything but a sampler: an object with a name and functions for its forms. */
export function checkSampler(owner: string, name: string, value: unknown): Sampler {
  if (typeof value === 'function') {
    const factory = readable(owner, name, value, () => value.name);
    const call = factory === '' ? '{ name, onHost }' : `{ name, onHost }, or call the factory: ${factory}(...)`;
    throw new ParameterError(owner, name, `a sampler: ${call}`, value);
  }
  return readable(owner, name, value, () => {
    const sampler = value as Partial<Record<(typeof formNames)[number] | 'name', unknown>> | null;
    const isNamed = typeof sampler === 'object' && sampler !== null && typeof sampler.name === 'string';
    const forms = isNamed ? formNames.filter((form) => form in sampler) : [];
    if (forms.length === 0 || forms.some((form) => typeof sampler![form] !== 'function'))
      throw new ParameterError(owner, name, 'a sampler: an object with a name and onHost, onDevice or mask', value);
    return value as Sampler;
  });
}
