import {
  type ChatTemplate,
  type Engine,
  type LanguageModel,
  type SequenceToSequence,
  UnsupportedError,
} from '@tokenwright/core';
import type { Architecture, WeightSource } from '@tokenwright/core/engine';
import { type CreateModelOptions, createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { checkOptionNames } from '@tokenwright/core/options';
import { openCheckpoint } from './checkpoint/checkpoint.ts';
import { architectureOf, hasEncoder } from './checkpoint/families.ts';
import type { ModelInput } from './checkpoint/model-input.ts';
import { readDefaults } from './generation-config.ts';
import type { HubOptions } from './hub/hub-options.ts';
import type { JsonObject } from './sources/json.ts';
import type { LoadedTokenizer } from './tokenizer/tokenizer.ts';

export interface LoadOptions {
  /** Where the model runs. */
  readonly engine: Engine;
  /** Further model families, with or without an encoder, tried before the built-in ones. Default none. */
  readonly architectures?: readonly Architecture[];
  /** Use a shorter context than the model has, in positions. Default: the model's. */
  readonly contextLength?: number;
  /** Which .gguf file of a folder that has several, or that also has other weights. Default: the only one. */
  readonly file?: string;
  /** How a model of a hub is had: revision, token, cache, progress of the download … See `hubModel`. */
  readonly hub?: HubOptions;
  /** Names the model in messages and reports. Default: the name of the source. */
  readonly name?: string;
  /** Called as weights arrive; both numbers are bytes as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** What comes beside a model. */
interface LoadedParts {
  /** Undefined when the source holds no tokenizer. */
  readonly tokenizer: LoadedTokenizer | undefined;
  /** Contents of tokenizer_config.json, or what a GGUF file says instead; empty when there is none. */
  readonly tokenizerConfig: JsonObject;
  /** For `applyChatTemplate` and `encodeChat`; undefined when the model has none. */
  readonly chatTemplate: ChatTemplate | undefined;
  /** Contents of config.json, or what a GGUF file says instead. */
  readonly config: JsonObject;
  /** Contents of generation_config.json, or what a GGUF file says instead; empty when there is none. */
  readonly generationConfig: JsonObject;
  /** Release the model. Its caches must be disposed before. */
  dispose(): void;
}

export interface LoadedModel extends LoadedParts {
  readonly model: LanguageModel;
}

export interface LoadedSequenceToSequence extends LoadedParts {
  readonly sequenceToSequence: SequenceToSequence;
}

/**
 * Load a model: a GGUF file, or a folder in Hugging Face layout: config.json, safetensors weights in one file or several, and, where
 * they exist, tokenizer files and generation_config.json.
 *
 * Everything small is read and checked first, and the shape of each tensor is checked before any weights are read. After an error
 * nothing stays allocated.
 *
 * @param source a source such as `folder(path)`, `files({...})` or `demoModel()`; in Node the path of a folder or of a GGUF file;
 * a GGUF file as a File, Blob, handle, URL, response or bytes; or, where there is no such path, the name of a model on a hub:
 * 'openai-community/gpt2', or 'org/name:file.gguf'.
 * @throws LoadError for files that are missing or damaged, ShapeError for a tensor that does not fit config.json, UnsupportedError
 * for a model with an encoder, what `hubModel` throws for a name on a hub, UnknownOptionError for an option that does not exist, the signal's reason
 * when it is aborted.
 */
export async function load(source: ModelInput, options: LoadOptions): Promise<LoadedModel> {
  const { architecture, settings, weights, creation, ...parts } = await open('load', source, options);
  if (hasEncoder(architecture))
    throw new UnsupportedError(
      `'${architecture.name}', a family with an encoder`,
      'load',
      'loadSequenceToSequence does.',
    );
  const model = await createModel(options.engine, architecture, settings, await weights(), creation);
  return { model, ...parts, dispose: () => model.dispose() };
}

/**
 * Load an encoder-decoder model (T5, BART, Marian), as `load` does those without an encoder:
 *
 * ```ts
 * const { sequenceToSequence, tokenizer } = await loadSequenceToSequence(demoModel('translate'), { engine });
 * const model = await sequenceToSequence.condition({ ids: tokenizer.encode('Der Hund läuft.') });
 * ```
 *
 * @throws as `load`; UnsupportedError for a model without an encoder.
 */
export async function loadSequenceToSequence(
  source: ModelInput,
  options: LoadOptions,
): Promise<LoadedSequenceToSequence> {
  const { architecture, settings, weights, creation, ...parts } = await open('loadSequenceToSequence', source, options);
  if (!hasEncoder(architecture))
    throw new UnsupportedError(
      `'${architecture.name}', a family without an encoder`,
      'loadSequenceToSequence',
      'load does.',
    );
  const sequenceToSequence = await createSequenceToSequence(
    options.engine,
    architecture,
    settings,
    await weights(),
    creation,
  );
  return { sequenceToSequence, ...parts, dispose: () => sequenceToSequence.dispose() };
}

/** Everything of a model but its numbers, checked. `weights` opens these. */
async function open(
  owner: string,
  source: ModelInput,
  options: LoadOptions,
): Promise<
  Omit<LoadedParts, 'dispose'> & {
    readonly architecture: Architecture;
    readonly settings: unknown;
    readonly creation: CreateModelOptions;
    weights(): Promise<WeightSource>;
  }
> {
  checkOptionNames(owner, options, [
    'engine',
    'architectures',
    'contextLength',
    'file',
    'hub',
    'name',
    'onProgress',
    'signal',
  ]);
  const { architectures = [], contextLength, onProgress, signal } = options;
  const checkpoint = await openCheckpoint(source, options.file, {
    ...(signal === undefined ? {} : { signal }),
    ...options.hub,
  });
  signal?.throwIfAborted();
  const { config, generationConfig } = checkpoint;
  const architecture = architectureOf(config, architectures);
  const settings = architecture.configure(config);
  const defaults = readDefaults(generationConfig, config, architecture.dimensions(settings).vocabSize);
  const tokenizer = checkpoint.tokenizer?.open();
  const tokenizerConfig = checkpoint.tokenizer?.config ?? {};
  signal?.throwIfAborted();
  return {
    architecture,
    settings,
    tokenizer,
    tokenizerConfig,
    chatTemplate: checkpoint.chatTemplate,
    config,
    generationConfig,
    creation: {
      name: options.name ?? checkpoint.name,
      defaults,
      ...(contextLength === undefined ? {} : { contextLength }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    },
    async weights() {
      const opened = await checkpoint.weights();
      signal?.throwIfAborted();
      return opened;
    },
  };
}
