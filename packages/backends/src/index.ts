export type { EngineStarter } from './engine-starter.ts';
export { type SelectEngineOptions, selectEngine } from './select.ts';
