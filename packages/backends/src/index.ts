export {
  type BestEngine,
  type BestEngineOptions,
  bestEngine,
  type EngineAttempt,
  type EngineReport,
} from './best-engine.ts';
export type { EngineName } from './engine-candidates.ts';
export type { EngineStarter } from './engine-starter.ts';
export { type WeightFormat, type WeightOption, weightOptions } from './graph/weight-format.ts';
export type { OnNotice } from './notice.ts';
export { type SelectEngineOptions, selectEngine } from './select-engine.ts';
