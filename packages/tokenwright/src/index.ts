export type { EngineName, EngineReport, EngineStarter, WeightOption } from '@tokenwright/backends';
export type { ChatMessage } from '@tokenwright/chat';
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
} from '@tokenwright/core';
export { languageModel } from './language-model.ts';
export type { LocalModel } from './model/local-model.ts';
export type {
  ChatCallOptions,
  LanguageModelInfo,
  Prompt,
  ScoreCallOptions,
  ScoredPiece,
  TextModel,
  TextScore,
} from './model/text-model.ts';
export type { CallOptions } from './options/call-options.ts';
export type { LanguageModelOptions, LoadProgress, TokenizerSource } from './options/load-options.ts';
export type { Generation } from './output/generation.ts';
export type { GenerationStream } from './output/generation-stream.ts';
export type { AssistantMessage, BatchTextResult, ChatResult, TextResult, TokenReport } from './output/text-result.ts';
export type { ChosenFiles } from './sources/chosen-files.ts';
export type { BundledModel, LanguageModelSource } from './sources/find-model.ts';
export type { DeepPartial } from './structured/partial-json.ts';
export { SchemaValidationError, type ValidationIssue } from './structured/schema-validation-error.ts';
export type { StandardIssue, StandardResult, StandardSchema } from './structured/standard-schema.ts';
export type { StructuredOutputOptions } from './structured/structured-output.ts';
