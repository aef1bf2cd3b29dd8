export { type ReferenceEngineOptions, referenceEngine } from './engine.ts';
