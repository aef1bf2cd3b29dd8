export { isBatch } from '../check/lists.ts';
export type {
  HostModelBaseOptions,
  LogitList,
  LogitsFunctionOptions,
  StepFunctionOptions,
  StepResult,
} from '../host/host-model.ts';
export { LazyMatrix } from '../host/lazy-matrix.ts';
export { type AdvanceOptions, advance, commonPrefix } from '../model/advance.ts';
export { windowStart } from '../model/context-window.ts';
export type { ForwardOptions, ForwardPart, ForwardResult, PendingStep } from '../model/language-model.ts';
export { type CreateModelOptions, createModel } from '../model/model.ts';
export { createSequenceToSequence, type EncodedSources, type SourceTokens } from '../model/sequence-to-sequence.ts';
export { visibleSource } from '../model/visible-source.ts';
export { hasLetters, readSavedBytes, type SavedFormat, savedBytes } from '../saved-bytes.ts';
