import type { AnyStrategyFactory } from '@tokenwright/core/strategy';
import { byName, type StrategyRegistry } from '../catalog/registry.ts';
import * as strategies from './hugging-face.ts';

export {
  type HuggingFaceBeamSearchOptions,
  type HuggingFaceConstrainedBeamSearchOptions,
  type HuggingFaceGroupBeamSearchOptions,
  huggingFaceBeamSearch,
  huggingFaceConstrainedBeamSearch,
  huggingFaceGroupBeamSearch,
} from './hugging-face.ts';

/** The strategies that reproduce other systems. Not part of `strategyRegistry`; add them as `{ ...strategyRegistry, ...compatRegistry }`. */
export const compatRegistry: StrategyRegistry = byName<AnyStrategyFactory>(Object.values(strategies));
