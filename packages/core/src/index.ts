export { type AdvanceOptions, advance, commonPrefix } from './advance.ts';
export { BatchResult } from './batch-result.ts';
export { applyChain, decisiveStages, HostRow, type RowContext } from './chain.ts';
export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from './check-chain.ts';
export { type ChainComparison, compareChains } from './compare-chains.ts';
export { DecodingState, type DecodingStateOptions } from './decoding-state.ts';
export { drawToken, largest, logProbabilities, logSumExp, probabilities, rankOf, topTokens } from './distribution.ts';
export type {
  CacheKind,
  Choice,
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
  SourceMemory,
  TokenEdits,
  TopOfRow,
  WeightSource,
} from './engine.ts';
export {
  CacheError,
  ContextLengthError,
  checkInteger,
  checkNumber,
  checkOptionNames,
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
export type { Answer, EndEvent, StepEvent, StreamEvent, Timing, TokenDetails, TokenEvent, Usage } from './events.ts';
export {
  type DistributionSummary,
  type Explanation,
  explain,
  type Removal,
  type StageReport,
} from './explain.ts';
export { exponential } from './exponential.ts';
export { generate, generateBatch, generateText, TextGeneration, TokenStream } from './generate.ts';
export { History } from './history.ts';
export { HostMatrix } from './host-matrix.ts';
export { Interruption } from './interruption.ts';
export type { KVCache } from './kv-cache.ts';
export type {
  CacheOptions,
  ForwardOptions,
  ForwardPart,
  ForwardResult,
  LanguageModel,
  ModelDefaults,
} from './language-model.ts';
export { type CreateModelOptions, createModel } from './model.ts';
export { type BartConfig, bart } from './models/bart.ts';
export { type ConfigReader, readConfig, rotaryTable } from './models/config.ts';
export type { GatedConfig, GatedWeights } from './models/gated-layers.ts';
export type { GemmaConfig, GemmaWeights } from './models/gemma-layers.ts';
export { type Gemma2Config, gemma2 } from './models/gemma2.ts';
export { type Gemma3Config, gemma3, gemma3Text } from './models/gemma3.ts';
export { type GPTNeoConfig, gptNeo } from './models/gpt-neo.ts';
export { type GPTNeoXConfig, gptNeoX } from './models/gpt-neox.ts';
export { type GPT2Config, gpt2 } from './models/gpt2.ts';
export { type LlamaConfig, llama } from './models/llama.ts';
export { type MarianConfig, marian } from './models/marian.ts';
export { type MistralConfig, mistral } from './models/mistral.ts';
export { type OPTConfig, opt } from './models/opt.ts';
export { type Phi3Config, phi3 } from './models/phi3.ts';
export { type Qwen2Config, qwen2 } from './models/qwen2.ts';
export { type Qwen3Config, qwen3 } from './models/qwen3.ts';
export {
  type RotaryConfig,
  type RotaryReading,
  type RotaryScaling,
  type RotaryType,
  readRotary,
  requestRotary,
  rotaryFrequencies,
} from './models/rotary.ts';
export { type T5Config, t5 } from './models/t5.ts';
export type {
  Activation,
  Architecture,
  AttendOptions,
  Dimensions,
  EmbedOptions,
  EncoderDecoderArchitecture,
  LinearOptions,
  MatrixShape,
  NormOptions,
  Operations,
  Parameters,
  RecallOptions,
  RelativeBias,
  RotaryOptions,
  VectorOptions,
  Weight,
} from './operations.ts';
export {
  type GenerateOptions,
  generateOptionNames,
  type OptionReport,
  type OptionSource,
  type ResolvedOptions,
} from './options.ts';
export { Random, type RandomStage } from './random.ts';
export { bucketsOf } from './relative-position.ts';
export { type MemorySnapshot, RunMemory } from './run-memory.ts';
export {
  type Algebra,
  type BatchStep,
  type DeviceSampler,
  type Drawn,
  forEachCandidate,
  type HostSampler,
  hasDeviceForm,
  hasHostForm,
  hasMaskForm,
  type Json,
  type MaskSampler,
  type Memory,
  type RowStep,
  type Sampler,
  type SamplerBase,
} from './sampler.ts';
export { sampling } from './sampling.ts';
export { type ScoredText, type ScoredToken, type ScoreOptions, score } from './score.ts';
export { type DescribeOptions, Scores, type TokenLogprob, type TokenScores } from './scores.ts';
export {
  createSequenceToSequence,
  type EncodedSources,
  type SequenceToSequence,
  type SourceTokens,
} from './sequence-to-sequence.ts';
export { type EndReason, type StopCondition, type StopState, StopStrings } from './stop.ts';
export type { ChosenToken, Decoding, Row, Run, Settled, Strategy } from './strategy.ts';
export { continuation, TextStream, type TextStreamState } from './text-stream.ts';
export type { Tokenizer } from './tokenizer.ts';
export {
  type MatrixRequest,
  outputsOf,
  readMatrix,
  readVector,
  requestWeights,
  type WeightRequest,
} from './weight-requests.ts';
