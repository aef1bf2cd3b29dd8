/** See scripts/catalog-plugin.ts. */
declare module 'virtual:catalog' {
  import type { SamplerDescription } from '@tokenwright/samplers';
  import type { Description } from '@tokenwright/strategies';
  import type { DeclaredOption } from './options/parameters.ts';

  export const samplers: readonly SamplerDescription[];
  export const strategies: readonly Description[];
  /** The options of `generate`. */
  export const generate: readonly DeclaredOption[];
}
