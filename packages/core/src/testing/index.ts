export { type BeamSamplingOptions, beamSamplingDistribution } from './beam-sampling-distribution.ts';
export { type ContractCase, verify, verifyClose, verifyEqual, verifyThrows } from './cases.ts';
export { ending } from './ending.ts';
export { type EngineCasesOptions, engineCases } from './engine-cases.ts';
export {
  bestOfDistribution,
  chiSquareTest,
  type ExactDistributionOptions,
  exactDistribution,
  type FitResult,
  idsOf,
  type SequenceDistribution,
  withoutReplacement,
} from './exact-distribution.ts';
export { type GenerationCasesOptions, generationCases } from './generation-cases.ts';
export { mappedWeights } from './mapped-weights.ts';
export { type ModelCasesOptions, modelCases } from './model-cases.ts';
export { recorded } from './recorded.ts';
export {
  candidatesOf,
  type SamplerCase,
  type SamplerCasesOptions,
  type SamplerLaw,
  samplerCases,
  shaped,
  type TestRowOptions,
  testBatch,
  testRow,
} from './samplers/sampler-cases.ts';
export { seededWeights } from './seeded-weights.ts';
export { type StrategyCasesOptions, strategyCases } from './strategy-cases.ts';
export { type TinyModel, tinyModels } from './tiny-models.ts';
export { ToyModel, type ToyModelOptions, toyModel } from './toy-model.ts';
