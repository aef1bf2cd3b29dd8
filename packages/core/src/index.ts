export { type ChainComparison, compareChains } from './analysis/compare-chains.ts';
export { type ScoredText, type ScoredToken, type ScoreOptions, score } from './analysis/score.ts';
export { type BartConfig, bart } from './architectures/bart.ts';
export { type Gemma2Config, gemma2 } from './architectures/gemma2.ts';
export { type Gemma3Config, gemma3, gemma3Text } from './architectures/gemma3.ts';
export { type GPTNeoConfig, gptNeo } from './architectures/gpt-neo.ts';
export { type GPTNeoXConfig, gptNeoX } from './architectures/gpt-neox.ts';
export { type GPT2Config, gpt2 } from './architectures/gpt2.ts';
export { type LlamaConfig, llama } from './architectures/llama.ts';
export { type MarianConfig, marian } from './architectures/marian.ts';
export { type MistralConfig, mistral } from './architectures/mistral.ts';
export { type OPTConfig, opt } from './architectures/opt.ts';
export { type Phi3Config, phi3 } from './architectures/phi3.ts';
export { type Qwen2Config, qwen2 } from './architectures/qwen2.ts';
export { type Qwen3Config, qwen3 } from './architectures/qwen3.ts';
export { type ConfigReader, readConfig, rotaryTable } from './architectures/shared/config.ts';
export type { GatedConfig, GatedWeights } from './architectures/shared/gated-layers.ts';
export type { GemmaConfig, GemmaWeights } from './architectures/shared/gemma-layers.ts';
export {
  type RotaryConfig,
  type RotaryReading,
  type RotaryScaling,
  type RotaryType,
  readRotary,
  requestRotary,
  rotaryFrequencies,
} from './architectures/shared/rotary.ts';
export { type T5Config, t5 } from './architectures/t5.ts';
export { checkInteger, checkNumber, checkOptionNames } from './check/check.ts';
export {
  booleanOption,
  checkOptions,
  checkTokens,
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  type Option,
  type OptionDeclarations,
  type OptionKind,
  type OptionsOf,
  type OptionValue,
  type OptionValues,
  optional,
  optionsToJson,
  tokensOption,
} from './check/option.ts';
export type {
  CacheKind,
  Choice,
  EncoderKeyValues,
  Engine,
  EngineMatrix,
  EngineMemory,
  Executable,
  Frame,
  Kept,
  KVStore,
  LogitEdit,
  PrepareOptions,
  RunOptions,
  RunResult,
  TensorFlow,
  TokenEdits,
  TopOfRow,
  WeightSource,
} from './engine/engine.ts';
export { HostMatrix } from './engine/host-matrix.ts';
export type {
  Activation,
  Architecture,
  AttendOptions,
  CrossAttendOptions,
  Dimensions,
  EmbedOptions,
  EncoderDecoderArchitecture,
  LinearOptions,
  MatrixShape,
  NormOptions,
  Operations,
  Parameters,
  RelativeBias,
  RotaryOptions,
  VectorOptions,
  Weight,
} from './engine/operations.ts';
export { bucketsOf } from './engine/relative-position.ts';
export {
  type MatrixRequest,
  outputsOf,
  readMatrix,
  readVector,
  requestWeights,
  type WeightRequest,
} from './engine/weight-requests.ts';
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
export { DecodingState, type DecodingStateOptions } from './generate/decoding-state.ts';
export { defineStrategy, type StrategyDefinition, type StrategyFactory } from './generate/define-strategy.ts';
export type {
  Control,
  EndEvent,
  StepEvent,
  StreamEvent,
  Timing,
  TokenDetails,
  TokenEvent,
  Usage,
} from './generate/events.ts';
export { generate, generateBatch, generateText, TextGeneration, TokenStream } from './generate/generate.ts';
export { InterruptedError } from './generate/interrupted-error.ts';
export {
  type GenerateOptions,
  generateOptionNames,
  type OptionReport,
  type OptionSource,
  type ResolvedOptions,
} from './generate/options.ts';
export { sampling } from './generate/sampling.ts';
export { type EndReason, type StopCondition, type StopState, StopStrings } from './generate/stop.ts';
export type { ChosenToken, Decoding, Row, Run, Settled, Strategy } from './generate/strategy.ts';
export {
  type HostModelBaseOptions,
  type HostModelOptions,
  hostModel,
  type LogitList,
  type LogitsFunctionOptions,
  type StepFunctionOptions,
  type StepResult,
} from './host/host-model.ts';
export { LazyMatrix } from './host/lazy-matrix.ts';
export { type AdvanceOptions, advance, commonPrefix } from './model/advance.ts';
export type { KVCache } from './model/kv-cache.ts';
export type {
  CacheOptions,
  ForwardOptions,
  ForwardPart,
  ForwardResult,
  LanguageModel,
  ModelDefaults,
} from './model/language-model.ts';
export { type CreateModelOptions, createModel } from './model/model.ts';
export {
  createSequenceToSequence,
  type EncodedSources,
  type SequenceToSequence,
  type SourceTokens,
} from './model/sequence-to-sequence.ts';
export { applyChain, decisiveStages, HostRow, type RowContext } from './sampling/chain.ts';
export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from './sampling/check-chain.ts';
export {
  type AnySamplerFactory,
  camelCase,
  defineSampler,
  type SamplerDefinition,
  type SamplerFactory,
  type SamplerForms,
} from './sampling/define-sampler.ts';
export {
  largest,
  logProbabilities,
  logSumExp,
  probabilities,
  rankOf,
  sampleToken,
  topTokens,
} from './sampling/distribution.ts';
export {
  type DistributionSummary,
  type Explanation,
  explain,
  type Removal,
  type StageReport,
} from './sampling/explain.ts';
export { exponential } from './sampling/exponential.ts';
export { History } from './sampling/history.ts';
export { Random, type RandomPurpose } from './sampling/random.ts';
export { RunState, type RunStateSnapshot } from './sampling/run-state.ts';
export {
  type BatchStep,
  type DeviceSampler,
  type DeviceStep,
  forEachCandidate,
  type HostSampler,
  hasDeviceForm,
  hasHostForm,
  hasMaskForm,
  type Json,
  type MaskSampler,
  type RowStep,
  type Sampled,
  type Sampler,
  type SamplerBase,
  type SamplerKernel,
  type SamplerKind,
  type SamplerState,
  type SamplerTraits,
} from './sampling/sampler.ts';
export { type DescribeOptions, Scores, type TokenLogprob, type TokenScores } from './sampling/scores.ts';
export type { ChatTemplate } from './text/chat-template.ts';
export { continuation, TextStream, type TextStreamState } from './text/text-stream.ts';
export type { Tokenizer } from './text/tokenizer.ts';
