import { type ChatTemplate, LoadError } from '@tokenwright/core';
import { openGgufCheckpoint } from '../gguf/checkpoint.ts';
import type { HubOptions } from '../hub/hub-options.ts';
import { endTokensOf } from '../sources/end-tokens.ts';
import { type JsonObject, largestConfig, readJson } from '../sources/json.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { chatTemplateOf, openChatTemplate } from '../tokenizer/open-chat-template.ts';
import {
  openTokenizers,
  readTokenizerFiles,
  type TokenizerFiles,
  type TokenizerPair,
} from '../tokenizer/open-tokenizer.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { contentsOf, type ModelInput, openInput } from './model-input.ts';
import { openWeights } from './open-weights.ts';

/** A model before its weights are read, in the same form for every file format. */
export interface Checkpoint {
  readonly name: string;
  readonly kind: 'safetensors' | 'gguf';
  /** Contents of config.json, or the equivalent from a GGUF file. */
  readonly config: JsonObject;
  /** Contents of generation_config.json; empty when there is none. */
  readonly generationConfig: JsonObject;
  /** Ids that end a text by the tokenizer's files. */
  readonly eosTokenIds: readonly number[];
  /** Undefined when there is none. */
  readonly tokenizer: CheckpointTokenizer | undefined;
  /** Undefined when there is none. */
  readonly chatTemplate: ChatTemplate | undefined;
  /** Tensors of a part of the model that is not read, such as the one that sees images. */
  readonly leftOut: readonly string[];
  weights(): Promise<StoredWeights>;
}

/** The files of a tokenizer, and what makes tokenizers of them. */
export interface CheckpointTokenizer extends TokenizerFiles {
  open(): TokenizerPair;
}

/**
 * Open a model: read and check every small file.
 *
 * @param fileName which .gguf file to take from a folder that has several.
 * @param withText read the tokenizer and the chat template too. Default true.
 * @throws LoadError for files that are missing, damaged or in a format that is not supported.
 */
export async function openCheckpoint(
  input: ModelInput,
  fileName?: string,
  hub?: HubOptions,
  withText = true,
): Promise<Checkpoint> {
  const opened = await openInput(input, fileName, hub);
  if (opened.kind === 'files') return fromFiles(opened.files, withText);
  const gguf = await openGgufCheckpoint(opened.file, withText, opened.place);
  const { tokenizer: embedded } = gguf;
  return {
    name: opened.file.name,
    kind: 'gguf',
    config: gguf.config,
    generationConfig: gguf.generationConfig,
    eosTokenIds: [],
    tokenizer: embedded && { ...embedded, open: () => openTokenizers(embedded, opened.file.name) },
    chatTemplate: chatTemplateOf(gguf.tokenizer?.config ?? {}, opened.file.name),
    leftOut: gguf.leftOut,
    weights: async () => gguf.weights(),
  };
}

async function fromFiles(files: ModelSource, withText: boolean): Promise<Checkpoint> {
  const config = await readPart(files, 'config.json');
  if (config === undefined) throw new LoadError(files.name, `there is no config.json${await contentsOf(files)}`);
  const generationConfig = (await readPart(files, 'generation_config.json')) ?? {};
  const tokenizer = withText ? await readTokenizerFiles(files) : undefined;
  return {
    name: files.name,
    kind: 'safetensors',
    config,
    generationConfig,
    eosTokenIds: tokenizer === undefined ? [] : endTokensOf(tokenizer.json, tokenizer.config),
    tokenizer: tokenizer && { ...tokenizer, open: () => openTokenizers(tokenizer, tokenizer.name) },
    chatTemplate: withText ? await openChatTemplate(files) : undefined,
    leftOut: [],
    weights: () => openWeights(files),
  };
}

async function readPart(source: ModelSource, name: string): Promise<JsonObject | undefined> {
  const file = await source.file(name);
  return file === undefined ? undefined : readJson(file, largestConfig);
}
