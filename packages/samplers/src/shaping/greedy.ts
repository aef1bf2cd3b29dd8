import { defineSampler } from '@tokenwright/core';
import { argMax, type HostAndDeviceForms } from '@tokenwright/core/sampling';

/**
 * Greedy decoding as a stage: keep the largest logit and remove the others, so every sample takes it. On ties, the lowest
 * id stays.
 *
 * In a chain that ends with it, earlier stages that cannot change which logit is the largest are skipped.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @example
 * ```ts
 * greedy();
 * ```
 */
export const greedy = defineSampler({
  name: 'greedy',
  summary: 'Always take the most probable token',
  kind: 'filter',
  options: {},
  create(): HostAndDeviceForms {
    const { traits, kernel, onHost, onDevice } = argMax;
    return { ...(traits && { traits }), ...(kernel && { kernel }), onHost, onDevice };
  },
});
