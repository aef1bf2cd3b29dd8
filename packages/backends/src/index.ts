export type { EngineStarter } from './engine-starter.ts';
export { type SelectEngineOptions, selectEngine } from './select.ts';
export { type TfjsBackend, type TfjsOptions, tfjs } from './tfjs.ts';
