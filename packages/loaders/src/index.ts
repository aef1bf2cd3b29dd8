export {
  type ByteSource,
  blobSource,
  bytesSource,
  fileSource,
  responseSource,
  type UrlSourceOptions,
  urlSource,
} from './byte-source.ts';
export { readDefaults } from './generation-config.ts';
export type { JsonObject } from './json.ts';
export {
  type LoadedModel,
  type LoadedSequenceToSequence,
  type LoadOptions,
  load,
  loadSequenceToSequence,
} from './load.ts';
export { type FileContents, files, folder, type ModelSource } from './model-source.ts';
export { loadTokenizer } from './open-tokenizer.ts';
export { openWeights } from './open-weights.ts';
export { openSafetensors, type SafetensorsFile } from './safetensors.ts';
export { openShards } from './shards.ts';
export { createTokenizer, type LoadedTokenizer } from './tokenizer.ts';
