import type { CacheKind } from '../engine/engine.ts';
import { ParameterError, UnknownOptionError } from '../errors.ts';

export const cacheKindNames: readonly string[] = ['static', 'dynamic', 'f16', '8-bit', 'window'];

/** Check a kind of cache, and turn a name into an object. */
export function cacheKind(kind: CacheKind | CacheKind['kind']): CacheKind {
  const name: unknown = typeof kind === 'string' ? kind : kind?.kind;
  if (typeof name !== 'string')
    throw new ParameterError(
      'createCache',
      'kind',
      `one of ${cacheKindNames.join(', ')}, or an object with a kind`,
      kind,
    );
  if (!cacheKindNames.includes(name)) throw new UnknownOptionError('createCache: kind', name, cacheKindNames);
  if (typeof kind !== 'string') return kind;
  if (kind === 'window') throw new ParameterError('createCache', 'kind', "an object with a size, for 'window'", kind);
  return { kind };
}
