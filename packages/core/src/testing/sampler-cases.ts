export { shaped, survivorsOf, type TestRowOptions, testBatch, testRow } from './sampler-cases-row.ts';
