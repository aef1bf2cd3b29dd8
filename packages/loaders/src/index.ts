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
} from './byte-source.ts';
export { Chat, type ChatParts } from './chat/chat.ts';
export type { ChatMessage, ChatOptions } from './chat/chat-message.ts';
export { applyChatTemplate, type ChatTemplate, encodeChat } from './chat/chat-template.ts';
export { ChatTemplateError, type ChatTemplateReason } from './chat/chat-template-error.ts';
export { chatML, plainDialogue } from './chat/common-templates.ts';
export { createChatTemplate } from './chat/open-chat-template.ts';
export {
  type ConversionFormat,
  type ConversionReport,
  type ConvertOptions,
  conversionFormats,
  convertModel,
} from './convert/convert.ts';
export { type FileSink, folderSink, type ModelSink, memorySink } from './convert/sink.ts';
export type { FileContents, FileHandle } from './file-contents.ts';
export { readDefaults } from './generation-config.ts';
export { type GgufFile, type GgufTensor, openGguf } from './gguf/gguf-file.ts';
export type { GgufList, GgufValue } from './gguf/values.ts';
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
export type { JsonObject } from './json.ts';
export {
  type LoadedModel,
  type LoadedSequenceToSequence,
  type LoadOptions,
  load,
  loadSequenceToSequence,
} from './load.ts';
export type { ModelInput } from './model-input.ts';
export { type DirectoryHandle, directory, files, folder, type ModelSource } from './model-source.ts';
export { loadTokenizer } from './open-tokenizer.ts';
export { openWeights } from './open-weights.ts';
export {
  dequantize,
  type QuantizationError,
  type QuantizationFormat,
  type QuantizedMatrix,
  quantize,
} from './quantised/quantize.ts';
export { openSafetensors, type SafetensorsFile } from './safetensors.ts';
export { openShards } from './shards.ts';
export type { StoredWeights } from './stored-weights.ts';
export { createTokenizer, type LoadedTokenizer } from './tokenizer.ts';
