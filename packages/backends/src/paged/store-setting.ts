import type { CacheKind } from '@tokenwright/core';
import { checkInteger } from '@tokenwright/core/options';
import type { CacheElement, Window } from './paged-rows.ts';

/**
 * What a kind of cache is in paged form.
 * @param usual how 'static' and 'window' caches hold numbers; 'dynamic' ones hold float32.
 * @throws ParameterError for a window that is none.
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
