import { checkFunction, checkInteger, checkSignal, checkString } from '../check/check.ts';
import { checkOptionNames, readOptions } from '../check/read-options.ts';
import type {
  CacheKind,
  EncoderKeyValues,
  Engine,
  Executable,
  Frame,
  PendingChoice,
  PrepareOptions,
  RunOptions,
  WeightSource,
} from '../engine/engine.ts';
import { FingerprintedWeights } from '../engine/fingerprint.ts';
import type { Architecture, Dimensions } from '../engine/operations.ts';
import { withContext } from '../engine/shorter-context.ts';
import { CacheError, DisposedError, ParameterError, ShapeError } from '../errors.ts';
import { cacheKind } from './cache-kind.ts';
import { checkDefaults } from './check-model.ts';
import { frameOf } from './frame-of.ts';
import type { KVCache } from './kv-cache.ts';
import { readCache } from './kv-cache-bytes.ts';
import type {
  CacheOptions,
  ForwardOptions,
  ForwardResult,
  LanguageModel,
  ModelDefaults,
  PendingStep,
} from './language-model.ts';
import { ModelCache } from './model-cache.ts';
import { disposeResult, PendingModelStep, type StepOutcome } from './pending-step.ts';
import { TokenList } from './token-list.ts';

/** Options of {@link createModel} and `createSequenceToSequence`. */
export interface CreateModelOptions extends PrepareOptions {
  /** Default: the architecture's name. */
  readonly name?: string;
  readonly defaults?: ModelDefaults;
  /** Use a shorter context than the checkpoint's, for smaller tables and caches. Default: the checkpoint's. */
  readonly contextLength?: number;
}

/**
 * Load an architecture and its weights on an engine, as a language model.
 *
 * @throws LoadError, ShapeError when the checkpoint does not fit the configuration; MemoryLimitError when it does not fit
 * the engine. Nothing stays allocated then. ParameterError for an architecture with an encoder.
 */
export async function createModel<C, P>(
  engine: Engine,
  architecture: Architecture<C, P>,
  config: C,
  weights: WeightSource,
  options: CreateModelOptions = {},
): Promise<LanguageModel> {
  if ('encode' in architecture)
    throw new ParameterError(
      'createModel',
      'architecture',
      'a decoder-only model (createSequenceToSequence takes those with an encoder)',
      architecture.name,
    );
  const { executable, description } = await prepareModel('createModel', engine, architecture, config, weights, options);
  return new ExecutableModel(executable, description);
}

function checkCreateOptions(owner: string, given: CreateModelOptions): CreateModelOptions {
  const options = readOptions(owner, given, ['name', 'defaults', 'contextLength', 'onProgress', 'onNotice', 'signal']);
  const { name, onProgress, onNotice, signal } = options;
  if (name !== undefined) checkString(owner, 'name', name);
  for (const [option, value] of Object.entries({ onProgress, onNotice }))
    if (value !== undefined) checkFunction(owner, option, value);
  if (signal !== undefined) checkSignal(owner, 'signal', signal);
  return options;
}

/** The common part of `createModel` and `createSequenceToSequence`: check the options and load the weights. */
export async function prepareModel<C, P>(
  owner: string,
  engine: Engine,
  architecture: Architecture<C, P>,
  config: C,
  weights: WeightSource,
  given: CreateModelOptions,
): Promise<{ readonly executable: Executable; readonly description: ModelDescription }> {
  const options = checkCreateOptions(owner, given);
  const dimensions = architecture.dimensions(config);
  const contextLength = checkInteger(
    owner,
    'contextLength',
    options.contextLength === undefined ? dimensions.contextLength : options.contextLength,
    1,
    dimensions.contextLength,
  );
  const named = new FingerprintedWeights(weights);
  const shorter = contextLength < dimensions.contextLength ? withContext(architecture, contextLength) : architecture;
  const executable = await engine.prepare(shorter, config, named, options);
  const description = {
    name: options.name ?? architecture.name,
    dimensions: { ...dimensions, contextLength },
    defaults: checkDefaults(owner, options.defaults === undefined ? {} : options.defaults, dimensions.vocabSize),
    fingerprint: named.fingerprint(architecture.name, config),
  };
  return { executable, description };
}

/** The properties of a model apart from its executable. */
export interface ModelDescription {
  readonly name: string;
  readonly dimensions: Dimensions;
  readonly defaults: ModelDefaults;
  readonly fingerprint: string;
  /** For a decoder bound to sources: where their keys and values are, and the ids themselves. */
  readonly sources?: {
    readonly memory: EncoderKeyValues;
    readonly ids: readonly (readonly number[])[];
    readonly separateVocabularies: boolean;
  };
}

/** The language model of an architecture on an engine: turns rows of tokens into frames and updates the cache. */
export class ExecutableModel implements LanguageModel {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend: string | undefined;
  readonly readbackIsExpensive: boolean;
  readonly defaults: ModelDefaults;
  readonly sources?: readonly (readonly number[])[];
  readonly separateVocabularies: boolean;
  readonly dimensions: Dimensions;
  readonly executable: Executable;
  readonly #memory: EncoderKeyValues | undefined;
  readonly #caches: Set<ModelCache> = new Set();
  #disposed = false;

  constructor(executable: Executable, { name, dimensions, defaults, fingerprint, sources }: ModelDescription) {
    this.executable = executable;
    this.dimensions = dimensions;
    this.name = name;
    this.vocabSize = dimensions.vocabSize;
    this.contextLength = dimensions.contextLength;
    this.layers = dimensions.layers;
    this.maxTokens = executable.maxTokens;
    this.fingerprint = fingerprint;
    this.tensorBackend = executable.engine.tensorBackend;
    this.readbackIsExpensive = executable.engine.readbackIsExpensive;
    this.defaults = defaults;
    this.#memory = sources?.memory;
    this.separateVocabularies = sources?.separateVocabularies ?? false;
    if (sources !== undefined) this.sources = sources.ids;
  }

  createCache(options: CacheOptions = {}): ModelCache {
    checkOptionNames('createCache', options, ['rows', 'kind']);
    const rows = checkInteger('createCache', 'rows', options.rows ?? this.sources?.length ?? 1, 1);
    return this.#open(this.#sourcesOfRows(rows), cacheKind(options.kind ?? 'static'));
  }

  restoreCache(bytes: Uint8Array): KVCache {
    const { rows, layers, sources } = readCache(bytes, this.fingerprint, this.dimensions);
    const ofRow = sources === undefined ? this.#sourcesOfRows(rows.length) : Int32Array.from(sources);
    if (ofRow.length !== rows.length || ofRow.some((source) => source < 0 || source >= (this.sources?.length ?? 1)))
      throw new CacheError('The serialized cache names sources that the model does not have.');
    const cache = this.#open(ofRow, { kind: 'static' });
    try {
      cache.restore(rows, layers);
      return cache;
    } catch (error) {
      cache.dispose();
      throw error;
    }
  }

  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options: ForwardOptions = {}): ForwardResult {
    this.#check();
    checkOptionNames('forward', options, ['scored', 'hidden', 'earlyExits']);
    const { scored = 1, hidden = false, earlyExits } = options;
    checkInteger('forward', 'scored', scored, 0);
    for (const layer of earlyExits ?? []) checkInteger('forward', 'earlyExits', layer, 0, this.layers);
    const own = this.#own(cache);
    const pending = scored === 1 && !hidden && earlyExits === undefined ? own.release(tokens) : undefined;
    const { lengths } = own;
    const frame = frameOf(tokens, lengths, scored, this);
    try {
      const result =
        pending?.take() ??
        this.executable.run(frame, own.settle(), {
          ...(hidden ? { hidden } : {}),
          ...(earlyExits === undefined ? {} : { earlyExits }),
          ...this.#sourcesOf(own),
        });
      own.extend(tokens);
      return {
        ...result,
        scored: tokens.map((row) => Math.min(scored, row.length)),
        dispose: () => disposeResult(result),
      };
    } catch (error) {
      own.settle().truncate(lengths);
      throw error;
    }
  }

  stepAhead(choice: PendingChoice, cache: KVCache): PendingStep | undefined {
    this.#check();
    const own = this.#own(cache);
    own.settle();
    const { lengths } = own;
    if (choice.rows !== own.rows || !own.rewinds || lengths.some((length) => length >= this.contextLength))
      return undefined;
    // The ids are placeholders: the engine takes them from the choice.
    const frame = frameOf(
      lengths.map(() => [0]),
      lengths,
      1,
      this,
    );
    const step = new PendingModelStep(choice, this.#outcomeOf(frame, own, choice), () => own.rewind());
    own.hold(step);
    return step;
  }

  /** Run a step ahead. An error is kept for the `forward` that takes the step; without one it does not matter. */
  #outcomeOf(frame: Frame, own: ModelCache, choice: PendingChoice): StepOutcome {
    const store = own.settle();
    try {
      return { result: this.executable.run(frame, store, { ids: choice, ...this.#sourcesOf(own) }) };
    } catch (error) {
      own.rewind();
      return { error };
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const cache of this.#caches) cache.dispose();
    if (this.#memory === undefined) this.executable.dispose();
    else this.#memory.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Register a cache of this model, which is disposed with it. */
  opened(cache: ModelCache): void {
    this.#caches.add(cache);
  }

  /** Unregister a disposed cache. */
  closed(cache: ModelCache): void {
    this.#caches.delete(cache);
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError(`The model '${this.name}'`);
  }

  /** Row i of a fresh cache reads source i; a single source is read by any number of rows. */
  #sourcesOfRows(rows: number): Int32Array {
    const sources = this.sources?.length ?? 1;
    if (sources === 1) return new Int32Array(rows);
    if (rows !== sources) throw new ShapeError('A cache of a model with sources: rows', [sources], [rows]);
    return Int32Array.from({ length: rows }, (_, row) => row);
  }

  #open(sources: Int32Array, kind: CacheKind): ModelCache {
    this.#check();
    const tokens = Array.from(sources, () => new TokenList());
    return new ModelCache(
      this,
      this.executable.createStore(sources.length, kind),
      tokens,
      sources,
      kind.kind !== 'window',
    );
  }

  owns(cache: KVCache): cache is ModelCache {
    return cache instanceof ModelCache && cache.model === this;
  }

  #sourcesOf({ sourceOfRow }: ModelCache): Pick<RunOptions, 'sources'> {
    return this.#memory === undefined ? {} : { sources: { memory: this.#memory, ofRow: sourceOfRow } };
  }

  #own(cache: KVCache): ModelCache {
    if (this.owns(cache)) return cache;
    throw new CacheError(`The cache was not made by the model '${this.name}' that it is given to.`);
  }
}
