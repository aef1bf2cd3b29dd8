import * as contrastive from '@tokenwright/contrastive';
import type { Sampler, Strategy } from '@tokenwright/core';
import * as core from '@tokenwright/core';
import * as samplers from '@tokenwright/samplers';
import * as samplersCompat from '@tokenwright/samplers/compat';
import * as strategies from '@tokenwright/strategies';
import * as compat from '@tokenwright/strategies/compat';
import { Skip } from './outcome.ts';

/**
 * The factories of the packages by name. A case that needs a factory which no package exports is skipped, with the missing name as the
 * reason.
 */
const packages: readonly Readonly<Record<string, unknown>>[] = [
  samplersCompat,
  samplers,
  strategies,
  compat,
  contrastive,
  core,
];

type Factory<Result> = (...options: unknown[]) => Result;

/** Make a sampler. @throws Skip when there is no factory of that name. */
export function sampler(name: string, options?: unknown): Sampler {
  return find<Sampler>('sampler', name)(options);
}

/** Make a strategy. @throws Skip when there is no factory of that name. */
export function strategy(name: string, options?: unknown): Strategy {
  return find<Strategy>('strategy', name)(options);
}

/** Any exported function. @throws Skip when there is none of that name. */
export function find<Result>(kind: string, name: string): Factory<Result> {
  for (const all of packages) if (typeof all[name] === 'function') return all[name] as Factory<Result>;
  throw new Skip(`no ${kind} named ${name} yet`);
}
