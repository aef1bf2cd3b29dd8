import {
  type Architecture,
  bart,
  type CreateModelOptions,
  checkOptionNames,
  createModel,
  createSequenceToSequence,
  type EncoderDecoderArchitecture,
  type Engine,
  gemma2,
  gemma3,
  gemma3Text,
  gpt2,
  gptNeo,
  gptNeoX,
  type LanguageModel,
  LoadError,
  llama,
  marian,
  mistral,
  opt,
  phi3,
  qwen2,
  qwen3,
  type SequenceToSequence,
  t5,
  UnsupportedError,
  type WeightSource,
} from '@tokenwright/core';
import { nodeFiles } from './byte-source.ts';
import { readDefaults } from './generation-config.ts';
import { type JsonObject, readJson } from './json.ts';
import { folder, type ModelSource } from './model-source.ts';
import { openTokenizer } from './open-tokenizer.ts';
import { openWeights } from './open-weights.ts';
import type { LoadedTokenizer } from './tokenizer.ts';

export interface LoadOptions {
  /** Where the model runs. */
  readonly engine: Engine;
  /** Further model families, with or without an encoder, tried before the built-in ones. Default none. */
  readonly architectures?: readonly Architecture[];
  /** Use a shorter context than the model has, in positions. Default: the model's. */
  readonly contextLength?: number;
  /** Names the model in messages and reports. Default: the name of the source. */
  readonly name?: string;
  /** Called as weights arrive; both numbers are bytes as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** What comes beside a model. */
interface LoadedParts {
  /** Undefined when the source holds no tokenizer files. */
  readonly tokenizer: LoadedTokenizer | undefined;
  /** Contents of config.json. */
  readonly config: JsonObject;
  /** Contents of generation_config.json; empty when there is none. */
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

const builtIn: readonly Architecture[] = [
  gpt2,
  gptNeo,
  gptNeoX,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  phi3,
  gemma2,
  gemma3Text,
  gemma3,
  t5,
  bart,
  marian,
];

/**
 * Load a model in Hugging Face layout: config.json, safetensors weights in one file or several, and, where they exist,
 * tokenizer files and generation_config.json.
 *
 * Everything small is read and checked first, and the shape of each tensor is checked before any weights are read. After an error
 * nothing stays allocated.
 *
 * @param source a source such as `folder(path)`, `files({...})` or `demoModel()`; or, in Node, the path of a folder.
 * @throws LoadError for files that are missing or damaged, ShapeError for a tensor that does not fit config.json, UnsupportedError
 * for a name on a hub and for a model with an encoder, UnknownOptionError for an option that does not exist, the signal's reason
 * when it is aborted.
 */
export async function load(source: ModelSource | string, options: LoadOptions): Promise<LoadedModel> {
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
  source: ModelSource | string,
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
  source: ModelSource | string,
  options: LoadOptions,
): Promise<
  Omit<LoadedParts, 'dispose'> & {
    readonly architecture: Architecture;
    readonly settings: unknown;
    readonly creation: CreateModelOptions;
    weights(): Promise<WeightSource>;
  }
> {
  checkOptionNames(owner, options, ['engine', 'architectures', 'contextLength', 'name', 'onProgress', 'signal']);
  const { architectures = [], contextLength, onProgress, signal } = options;
  const from = typeof source === 'string' ? await folderAt(source) : source;
  signal?.throwIfAborted();

  const config = await readPart(from, 'config.json');
  if (config === undefined) throw new LoadError(from.name, `there is no config.json${await contentsOf(from)}`);
  const architecture = architectureOf(config, [...architectures, ...builtIn]);
  const settings = architecture.configure(config);
  const generationConfig = (await readPart(from, 'generation_config.json')) ?? {};
  const defaults = readDefaults(generationConfig, config, architecture.dimensions(settings).vocabSize);
  const tokenizer = await openTokenizer(from);
  signal?.throwIfAborted();
  return {
    architecture,
    settings,
    tokenizer,
    config,
    generationConfig,
    creation: {
      name: options.name ?? from.name,
      defaults,
      ...(contextLength === undefined ? {} : { contextLength }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    },
    async weights() {
      const opened = await openWeights(from);
      signal?.throwIfAborted();
      return opened;
    },
  };
}

function hasEncoder(architecture: Architecture): architecture is EncoderDecoderArchitecture {
  return 'encode' in architecture;
}

async function readPart(source: ModelSource, name: string): Promise<JsonObject | undefined> {
  const file = await source.file(name);
  return file === undefined ? undefined : readJson(file);
}

async function folderAt(path: string): Promise<ModelSource> {
  const stat = await nodeFiles()
    ?.stat(path)
    .catch(() => undefined);
  if (stat?.isDirectory()) return folder(path);
  if (stat !== undefined) throw new LoadError(path, 'is a file; give the folder that holds it and config.json');
  if (/^[\w.-]+(\/[\w.-]+)?$/.test(path) && !path.startsWith('.'))
    throw new UnsupportedError(
      `the download of '${path}'`,
      'This version of @tokenwright/loaders',
      'There is no folder of that name either. Download the files of the model and give the path of their folder.',
    );
  // A browser's answer is that it has no folders.
  folder(path);
  throw new LoadError(path, 'there is no such folder');
}

function architectureOf(config: JsonObject, known: readonly Architecture[]): Architecture {
  const family = config.model_type;
  const names = [...new Set(known.map(({ name }) => name))].join(', ');
  if (typeof family !== 'string') throw new LoadError('config.json', `must name one of ${names}`, 'model_type');
  const architecture = known.find(({ name }) => name === family);
  if (architecture === undefined)
    throw new LoadError(
      'config.json',
      `the family '${family}' is not known; known: ${names}. Others can be given to load as architectures`,
      'model_type',
    );
  return architecture;
}

/** For messages: what is there instead of what was looked for. */
async function contentsOf(source: ModelSource): Promise<string> {
  const names = (await source.names?.()) ?? [];
  return names.length === 0 ? '' : `; there is: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ' …' : ''}`;
}
