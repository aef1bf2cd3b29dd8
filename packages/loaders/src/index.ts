export type { ModelInput } from './checkpoint/model-input.ts';
export { openWeights } from './checkpoint/open-weights.ts';
export { openShards } from './checkpoint/shards.ts';
export { readDefaults } from './generation-config.ts';
export { type GgufFile, type GgufTensor, openGguf } from './gguf/file/gguf-file.ts';
export type { GgufList, GgufValue } from './gguf/file/values.ts';
export { type CachedModel, type CacheOptions, cachedModels, removeCachedModel } from './hub/cached-models.ts';
export { hubModel } from './hub/hub-model.ts';
export { isHubName } from './hub/hub-name.ts';
export type { DownloadProgress, HubOptions } from './hub/hub-options.ts';
export {
  type Choice,
  type FormatShare,
  type InspectedTensor,
  type InspectedTokenizer,
  type InspectOptions,
  inspectModel,
  type ModelInspection,
} from './inspect.ts';
export {
  type LoadedBareModel,
  type LoadedBareSequenceToSequence,
  type LoadedModel,
  type LoadedSequenceToSequence,
  type LoadOptions,
  load,
  loadModel,
  loadSequenceToSequence,
  loadSequenceToSequenceModel,
} from './load.ts';
export {
  type ByteSource,
  blobSource,
  bytesSource,
  fileSource,
  type OpenFile,
  openFileSource,
  responseSource,
  type UrlSourceOptions,
  urlSource,
} from './sources/byte-source.ts';
export type { FileContents, FileHandle } from './sources/file-contents.ts';
export type { JsonObject } from './sources/json.ts';
export { type DirectoryHandle, directory, files, folder, type ModelSource } from './sources/model-source.ts';
export { WebPageError } from './sources/web-page.ts';
export { type LoadTokenizerOptions, loadTokenizer } from './tokenizer/open-tokenizer.ts';
export { createTokenizer, type LoadedTokenizer } from './tokenizer/tokenizer.ts';
export { openSafetensors, type SafetensorsFile } from './weights/safetensors.ts';
export type { StoredWeights } from './weights/stored-weights.ts';
