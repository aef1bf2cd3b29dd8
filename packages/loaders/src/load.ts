import {
  type ChatTemplate,
  type Engine,
  type LanguageModel,
  type ModelDefaults,
  type Sampler,
  type SequenceToSequence,
  UnsupportedError,
} from '@tokenwright/core';
import type { Architecture, EncoderDecoderArchitecture, WeightSource } from '@tokenwright/core/engine';
import { type CreateModelOptions, createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { checkLoadOptions } from './check-load-options.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint/checkpoint.ts';
import { architectureOf, hasEncoder } from './checkpoint/families.ts';
import type { ModelInput } from './checkpoint/model-input.ts';
import { resolvedHead } from './checkpoint/stored-head.ts';
import { checkTokenTables } from './checkpoint/token-tables.ts';
import { openTokenizer, tokenizersOf } from './checkpoint/tokenizers-of.ts';
import { checkUnused, usedNames } from './checkpoint/unused-tensors.ts';
import { readDefaults } from './generation-config.ts';
import type { HubOptions } from './hub/hub-options.ts';
import type { JsonObject } from './sources/json.ts';
import type { LoadedTokenizer } from './tokenizer/tokenizer.ts';
import { finiteWeights } from './weights/finite-weights.ts';

/** Options of `load`, `loadModel` and `loadSequenceToSequence`. */
export interface LoadOptions {
  /** The engine that runs the model. It must be started, and it stays the caller's to dispose. */
  readonly engine: Engine;
  /** More model families, with or without an encoder, tried before the built-in ones. Default none. */
  readonly architectures?: readonly Architecture[];
  /** A shorter context than the model's, in positions. Default: the model's. */
  readonly contextLength?: number;
  /**
   * Turns the sampling parameters of the checkpoint (`temperature`, `top_p` and so on) into the samplers that a call uses when it
   * gives none: they become `model.defaults.samplers`. Receives generation_config.json, or config.json when the checkpoint has no
   * generation_config.json. Default: the parameters are ignored.
   */
  readonly defaultSamplers?: (generationConfig: JsonObject) => readonly Sampler[];
  /** Which .gguf file to load from a folder that has several, or that also has other weights. Default: the only one. */
  readonly file?: string;
  /** How a model is downloaded from a hub: revision, token, cache, progress and so on. See `hubModel`. */
  readonly hub?: HubOptions;
  /** Name of the model in messages and reports. Default: the name of the source. */
  readonly name?: string;
  /**
   * Called with one sentence when weights that are quantized already are rounded a second time, to the engine's format: from which
   * format to which, and how to avoid it. Default: the engine's `onNotice`.
   */
  readonly onNotice?: (message: string) => void;
  /** Called as weights arrive. Both numbers are bytes as stored. */
  readonly onProgress?: (loaded: number, total: number) => void;
  /** Stops loading. Nothing stays allocated. */
  readonly signal?: AbortSignal;
  /**
   * Of an encoder-decoder model: a tokenizer for its sources to use instead of the checkpoint's own. Default: `tokenizer` if it is given,
   * otherwise the checkpoint's. A model with a vocabulary for each side needs both or none.
   */
  readonly sourceTokenizer?: LoadedTokenizer;
  /**
   * A tokenizer to use instead of the checkpoint's own, which is then not opened: the one of the original model for a GGUF file that
   * names an unknown cut (`tokenizer.ggml.pre`). `loadTokenizer` and `createTokenizer` make one. Default: the checkpoint's.
   */
  readonly tokenizer?: LoadedTokenizer;
}

/** The configuration of a loaded model, and its end of life. */
interface LoadedParts extends Disposable, AsyncDisposable {
  /** Contents of config.json, or the equivalent from a GGUF file. */
  readonly config: JsonObject;
  /** Contents of generation_config.json, or the equivalent from a GGUF file. Empty when the checkpoint has none. */
  readonly generationConfig: JsonObject;
  /** The options of generation that the checkpoint sets. The same object as the model's `defaults`. */
  readonly defaults: ModelDefaults;
  /** Release the model and all of its caches. The engine stays. A second call does nothing. */
  dispose(): void;
}

/** What a checkpoint says about text. */
interface TextParts {
  /** The model's tokenizer. Of an encoder-decoder model: the one of its outputs. */
  readonly tokenizer: LoadedTokenizer;
  /** Contents of tokenizer_config.json, or the equivalent from a GGUF file. Empty when the checkpoint has none. */
  readonly tokenizerConfig: JsonObject;
  /** The model's chat template, for `Chat` and `applyChatTemplate`. Undefined when the model has none. */
  readonly chatTemplate: ChatTemplate | undefined;
}

/** A language model without a tokenizer: the result of `loadModel`. */
export interface LoadedBareModel extends LoadedParts {
  readonly model: LanguageModel;
}

/** A language model with its tokenizer: the result of `load`. */
export interface LoadedModel extends LoadedBareModel, TextParts {}

/** An encoder-decoder model without a tokenizer: the result of `loadSequenceToSequenceModel`. */
export interface LoadedBareSequenceToSequence extends LoadedParts {
  readonly sequenceToSequence: SequenceToSequence;
}

/** An encoder-decoder model with its tokenizers: the result of `loadSequenceToSequence`. */
export interface LoadedSequenceToSequence extends LoadedBareSequenceToSequence, TextParts {
  /** Encodes sources. The same object as `tokenizer`, unless the model has a vocabulary or a SentencePiece model for each side. */
  readonly sourceTokenizer: LoadedTokenizer;
}

/**
 * Load a language model with its tokenizer: from a GGUF file, or from a folder in Hugging Face layout (config.json, safetensors
 * weights in one file or several, tokenizer files and, where it exists, generation_config.json).
 *
 * Small files are read and checked first, then the shape of every tensor, and only then the weights. After an error nothing stays
 * allocated.
 *
 * @param source a source such as `folder(path)`, `files({...})` or `demoModel()`; in Node the path of a folder or of a GGUF file;
 * a GGUF file as a File, Blob, handle, URL, response or bytes; or, when there is no such path, the name of a model on a hub:
 * 'openai-community/gpt2', or 'org/name:file.gguf'.
 * A head that is stored although the configuration ties it to the token table is used when the two differ.
 *
 * @throws LoadError for files that are missing or damaged, for a tensor that the configuration does not use although it belongs to the
 * model (a bias, a further layer), for weights that are NaN or infinite, and for a model without a tokenizer; ShapeError for a tensor that does
 * not fit config.json; UnsupportedError for a model with an encoder; ParameterError for an engine that is not a started engine;
 * UnknownOptionError for an option that does not exist; what `hubModel` throws for a name on a hub; the signal's reason when it is
 * aborted.
 * @example
 * ```ts
 * const engine = await tfjs({ backend: 'cpu' }).start();
 * const { model, tokenizer } = await load('openai-community/gpt2', { engine });
 * const { text } = await generateText(model, tokenizer, 'Once upon a time');
 * ```
 */
export async function load(source: ModelInput, options: LoadOptions): Promise<LoadedModel> {
  const opened = await open('load', source, options, isDecoder);
  const tokenizer = options.tokenizer ?? openTokenizer(opened.checkpoint, 'loadModel').tokenizer;
  return { ...(await createDecoder(options, opened)), ...textParts(opened, tokenizer) };
}

/**
 * Load a language model without its tokenizer, as `load` does. The model takes and gives token ids; tokenizer files are not read.
 *
 * @throws as `load`, but not for a missing or damaged tokenizer.
 * @example
 * ```ts
 * const { model } = await loadModel('./models/music', { engine });
 * const { ids } = await generate(model, [1, 5, 9], { maxNewTokens: 20 });
 * ```
 */
export async function loadModel(source: ModelInput, options: LoadOptions): Promise<LoadedBareModel> {
  return createDecoder(options, await open('loadModel', source, options, isDecoder, false));
}

/**
 * Load an encoder-decoder model (T5, BART, Marian) with its tokenizers, as `load` does for models without an encoder.
 *
 * `sourceTokenizer` encodes what the encoder reads. `tokenizer` is for outputs: their text, texts that they begin with, and texts that are
 * scored. Most models have one tokenizer for both; translators of the Marian family often have two.
 *
 * @throws as `load`; UnsupportedError for a model without an encoder; LoadError when the weights and the tokenizer files disagree on
 * whether both sides share a vocabulary.
 * @example
 * ```ts
 * const { sequenceToSequence, tokenizer, sourceTokenizer } = await loadSequenceToSequence('./opus-mt-de-en', { engine });
 * const model = await sequenceToSequence.encode({ ids: sourceTokenizer.encode('Der Hund läuft.') });
 * const { text } = await generateText(model, tokenizer, '');
 * ```
 */
export async function loadSequenceToSequence(
  source: ModelInput,
  options: LoadOptions,
): Promise<LoadedSequenceToSequence> {
  const opened = await open('loadSequenceToSequence', source, options, hasEncoder);
  const { tokenizer, sourceTokenizer } = tokenizersOf(opened.checkpoint, opened.separateVocabularies, options);
  return { ...(await createEncoderDecoder(options, opened)), ...textParts(opened, tokenizer), sourceTokenizer };
}

/**
 * Load an encoder-decoder model without its tokenizer, as `loadModel` does for models without an encoder.
 *
 * @throws as `loadSequenceToSequence`, but not for a missing or damaged tokenizer.
 * @example
 * ```ts
 * const { sequenceToSequence } = await loadSequenceToSequenceModel('./models/translator', { engine });
 * const model = await sequenceToSequence.encode({ ids: [4, 8, 15, 2] });
 * ```
 */
export async function loadSequenceToSequenceModel(
  source: ModelInput,
  options: LoadOptions,
): Promise<LoadedBareSequenceToSequence> {
  return createEncoderDecoder(options, await open('loadSequenceToSequenceModel', source, options, hasEncoder, false));
}

/** A checked checkpoint, before its weights are read. */
interface Opened<Family extends Architecture = Architecture> {
  readonly checkpoint: Checkpoint;
  readonly architecture: Family;
  readonly creation: CreateModelOptions & { readonly defaults: ModelDefaults };
  /** Sources have a vocabulary of their own. */
  readonly separateVocabularies: boolean;
  weights(): Promise<OpenedWeights>;
}

/** Weights whose headers are checked, and the settings that agree with them. */
interface OpenedWeights {
  readonly source: WeightSource;
  readonly settings: unknown;
}

async function createDecoder(
  { engine }: LoadOptions,
  { architecture, creation, checkpoint, weights }: Opened,
): Promise<LoadedBareModel> {
  const { source, settings } = await weights();
  const model = await createModel(engine, architecture, settings, source, creation);
  return { model, ...loadedParts(checkpoint, creation, model) };
}

async function createEncoderDecoder(
  { engine }: LoadOptions,
  { architecture, creation, checkpoint, weights }: Opened<EncoderDecoderArchitecture>,
): Promise<LoadedBareSequenceToSequence> {
  const { source, settings } = await weights();
  const sequenceToSequence = await createSequenceToSequence(engine, architecture, settings, source, creation);
  return { sequenceToSequence, ...loadedParts(checkpoint, creation, sequenceToSequence) };
}

function loadedParts(
  { config, generationConfig }: Checkpoint,
  { defaults }: Opened['creation'],
  model: { dispose(): void },
): LoadedParts {
  const dispose = (): void => model.dispose();
  return {
    config,
    generationConfig,
    defaults,
    dispose,
    [Symbol.dispose]: dispose,
    [Symbol.asyncDispose]: async () => dispose(),
  };
}

function textParts({ checkpoint }: Opened, tokenizer: LoadedTokenizer): TextParts {
  return {
    tokenizer,
    tokenizerConfig: checkpoint.tokenizer?.config ?? {},
    chatTemplate: checkpoint.chatTemplate,
  };
}

function isDecoder(architecture: Architecture): architecture is Architecture {
  return !hasEncoder(architecture);
}

/** Read and check everything but the weights. */
async function open<Family extends Architecture>(
  owner: string,
  source: ModelInput,
  given: LoadOptions,
  isWanted: (architecture: Architecture) => architecture is Family,
  withText = true,
): Promise<Opened<Family>> {
  const options = checkLoadOptions(owner, given);
  const { architectures = [], contextLength, onNotice, onProgress, signal } = options;
  const hub = { ...(signal === undefined ? {} : { signal }), ...options.hub };
  const checkpoint = await openCheckpoint(source, options.file, hub, withText);
  signal?.throwIfAborted();
  const { config, generationConfig } = checkpoint;
  const architecture = architectureOf(config, architectures);
  if (!isWanted(architecture)) {
    const [has, other] = hasEncoder(architecture) ? ['with', 'loadSequenceToSequence'] : ['without', 'load'];
    throw new UnsupportedError(`'${architecture.name}', a family ${has} an encoder`, owner, `${other} does.`);
  }
  const settings = architecture.configure(config);
  const { vocabSize } = architecture.dimensions(settings);
  const defaults = readDefaults(generationConfig, config, vocabSize, checkpoint.eosTokenIds);
  const sampling = Object.keys(generationConfig).length > 0 ? generationConfig : config;
  const samplers = options.defaultSamplers?.(sampling);
  signal?.throwIfAborted();
  return {
    checkpoint,
    architecture,
    separateVocabularies: hasEncoder(architecture) && architecture.sourceVocabSize?.(settings) !== undefined,
    creation: {
      name: options.name ?? checkpoint.name,
      defaults: samplers === undefined ? defaults : { ...defaults, samplers },
      ...(contextLength === undefined ? {} : { contextLength }),
      ...(onNotice === undefined ? {} : { onNotice }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    },
    async weights() {
      const opened = await checkpoint.weights();
      signal?.throwIfAborted();
      const agreed = architecture.configure(await resolvedHead(architecture, config, opened, signal));
      const used = usedNames(architecture, agreed, opened);
      checkUnused(checkpoint.kind, opened, used);
      if (hasEncoder(architecture)) await checkTokenTables(opened, used, signal);
      return { source: finiteWeights(opened), settings: agreed };
    },
  };
}
