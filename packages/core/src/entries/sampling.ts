export { camelCase } from '../check/define-factory.ts';
export { type DrawKey, fillGumbelNoise, gumbelNoise, sampleToken } from '../draw/race.ts';
export { threefryBlock, threefryParity, threefryRotations } from '../draw/threefry.ts';
export { argMax, keepLargest, keepLargestOnDevice } from '../sampling/arg-max.ts';
export { type DistributionSummary, explain, type Removal } from '../sampling/chain/explain.ts';
export { HostRow } from '../sampling/chain/host-row.ts';
export type { RowContext } from '../sampling/chain/row-context.ts';
export { Scores } from '../sampling/chain/scores.ts';
export { applyChain, decisiveStages } from '../sampling/chain/stages.ts';
export type {
  AnySamplerFactory,
  HostAndDeviceForms,
  SamplerDefinition,
  SamplerFactory,
  SamplerForms,
} from '../sampling/define-sampler.ts';
export {
  isEmptyRow,
  largest,
  logProbabilities,
  logSumExp,
  probabilities,
  rankOf,
  topTokens,
} from '../sampling/distribution.ts';
export { exponential } from '../sampling/exponential.ts';
export { LargestIds } from '../sampling/largest-ids.ts';
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
export type { DescribeOptions, TokenScores } from '../sampling/token-scores.ts';
