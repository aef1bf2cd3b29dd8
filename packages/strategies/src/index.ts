export type { Constraint } from './beams/constraints.ts';
export * from './catalog/drafters.ts';
export {
  type Description,
  type DrafterRegistry,
  describeDrafters,
  describeStrategies,
  drafterRegistry,
  type OptionDescription,
  type StrategyRegistry,
  strategyRegistry,
} from './catalog/registry.ts';
export * from './catalog/strategies.ts';
export {
  type StrategyJson,
  type StrategyJsonOptions,
  strategyFromJson,
  strategyToJson,
} from './catalog/strategy-json.ts';
export type { SequenceScore } from './reranking/best-of.ts';
export {
  type AnyDrafterFactory,
  type Draft,
  type Drafter,
  type DrafterDefinition,
  type DrafterFactory,
  type Drafting,
  type DraftOptions,
  defineDrafter,
} from './speculation/drafter.ts';
