import type { CacheKind } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import type { CacheElement, Window } from './paged-rows.ts';

/**
 * The paged form of a cache kind.
 * @param usual how 'static' and 'window' caches store numbers; 'dynamic' ones store float32.
 * @throws ParameterError for an invalid window.
 */
export function storeSetting(
  kind: CacheKind,
  usual: CacheElement,
): { readonly element: CacheElement; readonly window?: Window } {
  switch (kind.kind) {
    case 'static':
      return { element: usual };
    case 'dynamic':
      return { element: 'f32' };
    case 'f16':
    case '8-bit':
      return { element: kind.kind };
    case 'window': {
      const size = checkInteger('createCache', 'size', kind.size, 1);
      return { element: usual, window: { size, sinks: checkInteger('createCache', 'sinks', kind.sinks ?? 0, 0) } };
    }
  }
}
