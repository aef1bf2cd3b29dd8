export { shaped, survivorsOf, type TestRowOptions, testBatch, testRow } from './sampler-cases.ts';
