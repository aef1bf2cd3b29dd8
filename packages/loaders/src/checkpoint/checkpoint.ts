import { type ChatTemplate, LoadError } from '@tokenwright/core';
import { openGgufCheckpoint } from '../gguf/checkpoint.ts';
import type { HubOptions } from '../hub/hub-options.ts';
import { type JsonObject, readJson } from '../sources/json.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { chatTemplateOf, openChatTemplate } from '../tokenizer/open-chat-template.ts';
import { readTokenizerFiles, type TokenizerFiles } from '../tokenizer/open-tokenizer.ts';
import { createTokenizer, type LoadedTokenizer } from '../tokenizer/tokenizer.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { contentsOf, type ModelInput, openInput } from './model-input.ts';
import { openWeights } from './open-weights.ts';

/** A model before its numbers are read, whatever its files are. */
export interface Checkpoint {
  readonly name: string;
  readonly kind: 'safetensors' | 'gguf';
  /** Contents of config.json, or what a GGUF file says instead. */
  readonly config: JsonObject;
  /** Contents of generation_config.json; empty when there is none. */
  readonly generationConfig: JsonObject;
  /** Undefined when there is none. */
  readonly tokenizer: CheckpointTokenizer | undefined;
  /** Undefined when there is none. */
  readonly chatTemplate: ChatTemplate | undefined;
  weights(): Promise<StoredWeights>;
}

export interface CheckpointTokenizer extends TokenizerFiles {
  open(): LoadedTokenizer;
}

/**
 * Open a model: read and check everything small.
 *
 * @param fileName which .gguf file of a folder that has several.
 * @throws LoadError for files that are missing, damaged or of a kind that is not read.
 */
export async function openCheckpoint(input: ModelInput, fileName?: string, hub?: HubOptions): Promise<Checkpoint> {
  const opened = await openInput(input, fileName, hub);
  if (opened.kind === 'files') return fromFiles(opened.files);
  const gguf = await openGgufCheckpoint(opened.file);
  return {
    name: opened.file.name,
    kind: 'gguf',
    config: gguf.config,
    generationConfig: gguf.generationConfig,
    tokenizer: gguf.tokenizer && { ...gguf.tokenizer, open: opener(gguf.tokenizer, opened.file.name) },
    chatTemplate: chatTemplateOf(gguf.tokenizer?.config ?? {}, opened.file.name),
    weights: async () => gguf.weights(),
  };
}

async function fromFiles(files: ModelSource): Promise<Checkpoint> {
  const config = await readPart(files, 'config.json');
  if (config === undefined) throw new LoadError(files.name, `there is no config.json${await contentsOf(files)}`);
  const generationConfig = (await readPart(files, 'generation_config.json')) ?? {};
  const tokenizer = await readTokenizerFiles(files);
  return {
    name: files.name,
    kind: 'safetensors',
    config,
    generationConfig,
    tokenizer: tokenizer && { ...tokenizer, open: opener(tokenizer, tokenizer.name) },
    chatTemplate: await openChatTemplate(files),
    weights: () => openWeights(files),
  };
}

function opener({ json, config }: TokenizerFiles, file: string): () => LoadedTokenizer {
  return () => createTokenizer(json, config, file);
}

async function readPart(source: ModelSource, name: string): Promise<JsonObject | undefined> {
  const file = await source.file(name);
  return file === undefined ? undefined : readJson(file);
}
