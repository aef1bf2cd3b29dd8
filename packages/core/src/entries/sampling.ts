export { applyChain, decisiveStages, HostRow, type RowContext } from '../sampling/chain.ts';
export {
  type AnySamplerFactory,
  camelCase,
  type SamplerDefinition,
  type SamplerFactory,
  type SamplerForms,
} from '../sampling/define-sampler.ts';
export {
  largest,
  logProbabilities,
  logSumExp,
  probabilities,
  rankOf,
  sampleToken,
  topTokens,
} from '../sampling/distribution.ts';
export { type DistributionSummary, explain, type Removal } from '../sampling/explain.ts';
export { exponential } from '../sampling/exponential.ts';
export type { RandomPurpose } from '../sampling/random.ts';
export { RunState, type RunStateSnapshot } from '../sampling/run-state.ts';
export {
  hasDeviceForm,
  hasHostForm,
  hasMaskForm,
  type Sampled,
  type SamplerBase,
  type SamplerKernel,
  type SamplerKind,
  type SamplerState,
  type SamplerTraits,
} from '../sampling/sampler.ts';
export { type DescribeOptions, Scores, type TokenScores } from '../sampling/scores.ts';
