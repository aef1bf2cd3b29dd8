import {
  type EngineName,
  type EngineStarter,
  type OnNotice,
  type WeightOption,
  weightOptions,
} from '@tokenwright/backends';
import type { ChatTemplate, Engine } from '@tokenwright/core';
import { ParameterError } from '@tokenwright/core';
import type { Architecture } from '@tokenwright/core/engine';
import {
  checkFunction,
  checkInteger,
  checkSignal,
  checkString,
  isInstance,
  readable,
  readRecord,
} from '@tokenwright/core/options';
import type { HubOptions, LoadedTokenizer } from '@tokenwright/loaders';
import { checkNames } from './option-names.ts';

/** How far loading is. Numbers are bytes. */
export interface LoadProgress {
  /** `download`: from a hub into the cache. `load`: from there onto the engine. */
  readonly step: 'download' | 'load';
  readonly loaded: number;
  readonly total: number;
}

/**
 * Where a tokenizer is: the path or URL of a tokenizer.json, or of a folder with one (or with vocab.json and merges.txt); the text of
 * a tokenizer.json; or one that `loadTokenizer` or `createTokenizer` of `tokenwright/loaders` made, which a Worker cannot take.
 */
export type TokenizerSource = string | URL | LoadedTokenizer;

export const allowedTokenizer: string =
  'the path or URL of a tokenizer.json or of its folder, the text of a tokenizer.json, or what loadTokenizer gives';

/** Options of `languageModel`. All can be left out or be `undefined`. */
export interface LanguageModelOptions {
  /**
   * What runs the model: a name such as `'fused-webgpu'`, a starter such as `tfjs({ backend: 'cpu' })`, or an engine that is started,
   * which then stays yours to dispose. Default: the one that `bestEngine` expects to be the fastest here.
   */
  readonly engine?: EngineName | EngineStarter | Engine | undefined;
  /** How matrices are held. Default `'auto'`: 8-bit for models of more than 100 million parameters, f32 below. */
  readonly weights?: WeightOption | undefined;
  /** Threads of the fused WebAssembly engine. Default: those of the machine, at most 8. */
  readonly threads?: number | undefined;
  /**
   * Run the model in a Worker, so that a page stays responsive. `true` uses the worker file of this package, which Vite, webpack and
   * Next.js find; a URL is that of your own build of `tokenwright/worker`. Default false.
   */
  readonly worker?: boolean | string | URL | undefined;
  /** How a model on a hub is downloaded: revision, token, cache and so on. */
  readonly hub?: HubOptions | undefined;
  /** Which .gguf file of a folder that has several. Default: the only one. */
  readonly file?: string | undefined;
  /** Names the model in messages and reports. Default: the name of the source. */
  readonly name?: string | undefined;
  /** A shorter context than the model's, in tokens. Default: the model's. */
  readonly contextLength?: number | undefined;
  /** More model families. Default none. */
  readonly architectures?: readonly Architecture[] | undefined;
  /** The chat template, as Jinja or made by `createChatTemplate`. Default: the model's own. */
  readonly chatTemplate?: string | ChatTemplate | undefined;
  /**
   * A tokenizer to use instead of the model's own, which is then not opened: the one of the original model for a GGUF file that names
   * an unknown cut, or that llama.cpp cuts in another way. Default: the model's own.
   */
  readonly tokenizer?: TokenizerSource | undefined;
  /** Called as bytes arrive. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Receives a sentence when something is not as good as it could be: a page that forbids threads, weights that are quantized already
   * and are rounded a second time. Default: `console.warn`.
   */
  readonly onNotice?: OnNotice | undefined;
  /** Stops loading. Nothing stays allocated. */
  readonly signal?: AbortSignal | undefined;
}

/** A `Record`, so that a name that is missing here is a compile error. */
const names: Readonly<Record<keyof LanguageModelOptions, true>> = {
  engine: true,
  weights: true,
  threads: true,
  worker: true,
  hub: true,
  file: true,
  name: true,
  contextLength: true,
  architectures: true,
  chatTemplate: true,
  tokenizer: true,
  onProgress: true,
  onNotice: true,
  signal: true,
};

const owner = 'languageModel';

/** @throws UnknownOptionError, ParameterError. The values that only the engine or the loader knows are checked there. */
export function checkLoadOptions(given: LanguageModelOptions): LanguageModelOptions {
  const options = checkNames(owner, given, Object.keys(names));
  readable(owner, 'engine', options.engine, () => checkEngine(options.engine));
  const { worker, onProgress, onNotice, signal, chatTemplate, file, name, hub, threads, contextLength, weights } =
    options;
  if (worker !== undefined && typeof worker !== 'boolean' && typeof worker !== 'string' && !isInstance(worker, URL))
    throw new ParameterError(owner, 'worker', "true, false, or the URL of a build of 'tokenwright/worker'", worker);
  for (const [option, value] of Object.entries({ onProgress, onNotice }))
    if (value !== undefined) checkFunction(owner, option, value);
  for (const [option, value] of Object.entries({ file, name }))
    if (value !== undefined) checkString(owner, option, value);
  if (signal !== undefined) checkSignal(owner, 'signal', signal);
  // These are checked again by the engine and the loader, but a mistake must not cost a download.
  for (const [option, value] of Object.entries({ threads, contextLength }))
    if (value !== undefined) checkInteger(owner, option, value, 1);
  if (weights !== undefined) checkString(owner, 'weights', weights, `one of ${weightOptions.join(', ')}`);
  if (weights !== undefined && !weightOptions.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightOptions.join(', ')}`, weights);
  readable(owner, 'chatTemplate', chatTemplate, () => {
    if (chatTemplate === undefined || typeof chatTemplate === 'string') return;
    const { sources } = (chatTemplate ?? {}) as Partial<ChatTemplate>;
    if (typeof sources !== 'object' || sources === null)
      throw new ParameterError(
        owner,
        'chatTemplate',
        'a Jinja template, or what createChatTemplate gives',
        chatTemplate,
      );
  });
  readable(owner, 'tokenizer', options.tokenizer, () => checkTokenizer(options.tokenizer));
  return hub === undefined ? options : { ...options, hub: readRecord(owner, hub, 'hub') };
}

function checkTokenizer(tokenizer: unknown): void {
  if (tokenizer === undefined || isInstance(tokenizer, URL)) return;
  if (typeof tokenizer === 'string' && tokenizer.trim() !== '' && !tokenizer.includes('\0')) return;
  const has = (name: string): boolean =>
    typeof tokenizer === 'object' &&
    tokenizer !== null &&
    typeof (tokenizer as Record<string, unknown>)[name] === 'function';
  if (['encode', 'decode', 'tokenToId', 'idToToken'].every(has)) return;
  const hint = has('then') ? ' (this is a promise: await it)' : '';
  throw new ParameterError(
    owner,
    'tokenizer',
    `${allowedTokenizer}${hint}`,
    typeof tokenizer === 'object' && tokenizer !== null ? 'another object' : tokenizer,
  );
}

function checkEngine(engine: unknown): void {
  if (engine === undefined || typeof engine === 'string') return;
  const has = (name: string): boolean =>
    typeof engine === 'object' && engine !== null && typeof (engine as Record<string, unknown>)[name] === 'function';
  if (has('start') || has('prepare')) return;
  const allowed = 'the name of an engine, a starter such as fusedWasm(), or a started engine';
  const hint = has('then')
    ? ' (this is a promise: await it, or give the starter itself)'
    : typeof engine === 'function'
      ? ` (this is a function: call it, as in ${engine.name || 'it'}())`
      : has('forward')
        ? ' (this is a model)'
        : '';
  throw new ParameterError(
    owner,
    'engine',
    `${allowed}${hint}`,
    typeof engine === 'object' ? 'another object' : engine,
  );
}
