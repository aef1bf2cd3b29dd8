export { type ChainComparison, compareChains } from './analysis/compare-chains.ts';
export { type ScoredText, type ScoredToken, type ScoreOptions, score } from './analysis/score.ts';
export type { CacheKind, Engine, EngineMemory } from './engine/engine.ts';
export {
  CacheError,
  ContextLengthError,
  DeviceLostError,
  DisposedError,
  EmptyDistributionError,
  EngineUnavailableError,
  InvalidLogitsError,
  LoadError,
  MemoryLimitError,
  ParameterError,
  ShapeError,
  TokenwrightError,
  UnknownOptionError,
  UnsupportedError,
} from './errors.ts';
export { BatchResult } from './generate/batch-result.ts';
export { DecodingState, type DecodingStateOptions } from './generate/contract/decoding-state.ts';
export type {
  Control,
  EndEvent,
  StepEvent,
  StreamEvent,
  Timing,
  TokenDetails,
  TokenEvent,
  Usage,
} from './generate/contract/events.ts';
export { describeFinish, type Finish, type FinishReason, type StopReason } from './generate/contract/finish.ts';
export type { GenerateOptions, OptionReport, OptionSource, ResolvedOptions } from './generate/contract/options.ts';
export type { StopCondition, StopState } from './generate/contract/stop.ts';
export type { Strategy } from './generate/contract/strategy.ts';
export { generate, generateBatch, generateText } from './generate/generate.ts';
export { sampling } from './generate/run/sampling.ts';
export { TextGeneration, type TextResult, TokenStream } from './generate/streams.ts';
export { type HostModelOptions, hostModel } from './host/host-model.ts';
export type { KVCache } from './model/kv-cache.ts';
export type { CacheOptions, LanguageModel, ModelDefaults } from './model/language-model.ts';
export type { SequenceToSequence } from './model/sequence-to-sequence.ts';
export type { Explanation, StageReport } from './sampling/chain/explain.ts';
export { type SampledLogits, type SampleLogitsOptions, sampleLogits } from './sampling/chain/sample-logits.ts';
export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from './sampling/check-chain.ts';
export { defineSampler } from './sampling/define-sampler.ts';
export { History } from './sampling/history.ts';
export { Random } from './sampling/random.ts';
export {
  type BatchStep,
  type DeviceSampler,
  type DeviceStep,
  forEachCandidate,
  type HostSampler,
  type Json,
  type MaskSampler,
  type RowStep,
  type Sampler,
} from './sampling/sampler.ts';
export type { TokenLogprob } from './sampling/token-scores.ts';
export type { ChatTemplate } from './text/chat-template.ts';
export { isControlToken } from './text/control-tokens.ts';
export { encodePrompt } from './text/encode-prompt.ts';
export { continuation, TextStream, type TextStreamOptions, type TextStreamState } from './text/text-stream.ts';
export type { TextRange, Tokenizer } from './text/tokenizer.ts';
