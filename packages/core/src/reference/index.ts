export { settleBackend } from './backend.ts';
export { type ReferenceEngineOptions, referenceEngine } from './engine.ts';
