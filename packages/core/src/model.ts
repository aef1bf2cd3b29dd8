import { cacheKind } from './cache-kind.ts';
import type {
  CacheKind,
  Choice,
  Engine,
  Executable,
  Frame,
  KVStore,
  PrepareOptions,
  RunOptions,
  RunResult,
  SourceMemory,
  WeightSource,
} from './engine.ts';
import {
  CacheError,
  ContextLengthError,
  checkInteger,
  checkOptionNames,
  DisposedError,
  ParameterError,
  ShapeError,
} from './errors.ts';
import { FingerprintedWeights } from './fingerprint.ts';
import type { KVCache } from './kv-cache.ts';
import { readCache, writeCache } from './kv-cache-bytes.ts';
import type { CacheOptions, ForwardOptions, ForwardResult, LanguageModel, ModelDefaults } from './language-model.ts';
import type { Architecture, Dimensions } from './operations.ts';
import { withContext } from './shorter-context.ts';
import { disposeResult, StepAhead } from './step-ahead.ts';

export interface CreateModelOptions extends PrepareOptions {
  /** Default: the architecture's name. */
  readonly name?: string;
  readonly defaults?: ModelDefaults;
  /** Use a shorter context than the model has: tables and caches get smaller. */
  readonly contextLength?: number;
}

/**
 * An architecture with its weights on an engine: a language model.
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

/** What `createModel` and `createSequenceToSequence` have in common: check the options and load the weights. */
export async function prepareModel<C, P>(
  owner: string,
  engine: Engine,
  architecture: Architecture<C, P>,
  config: C,
  weights: WeightSource,
  options: CreateModelOptions,
): Promise<{ readonly executable: Executable; readonly description: ModelDescription }> {
  checkOptionNames(owner, options, ['name', 'defaults', 'contextLength', 'onProgress', 'signal']);
  const dimensions = architecture.dimensions(config);
  const contextLength = checkInteger(
    owner,
    'contextLength',
    options.contextLength ?? dimensions.contextLength,
    1,
    dimensions.contextLength,
  );
  const named = new FingerprintedWeights(weights);
  const shorter = contextLength < dimensions.contextLength ? withContext(architecture, contextLength) : architecture;
  const executable = await engine.prepare(shorter, config, named, options);
  const description = {
    name: options.name ?? architecture.name,
    dimensions: { ...dimensions, contextLength },
    defaults: options.defaults ?? {},
    fingerprint: named.fingerprint(architecture.name, config),
  };
  return { executable, description };
}

/** What a model is besides its executable. */
export interface ModelDescription {
  readonly name: string;
  readonly dimensions: Dimensions;
  readonly defaults: ModelDefaults;
  readonly fingerprint: string;
  /** For a decoder bound to sources: where their keys and values are, and the ids themselves. */
  readonly sources?: { readonly memory: SourceMemory; readonly ids: readonly (readonly number[])[] };
}

/** The language model of a seam architecture: turns rows of tokens into frames, and keeps the cache in step. */
export class ExecutableModel implements LanguageModel {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend: string | undefined;
  readonly remote: boolean;
  readonly defaults: ModelDefaults;
  readonly sources?: readonly (readonly number[])[];
  readonly dimensions: Dimensions;
  readonly executable: Executable;
  readonly #memory: SourceMemory | undefined;
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
    this.remote = executable.engine.remote;
    this.defaults = defaults;
    this.#memory = sources?.memory;
    if (sources !== undefined) this.sources = sources.ids;
  }

  createCache(options: CacheOptions = {}): ModelCache {
    checkOptionNames('createCache', options, ['rows', 'kind']);
    const rows = checkInteger('createCache', 'rows', options.rows ?? this.sources?.length ?? 1, 1);
    return this.#open(this.#sourcesOfRows(rows), cacheKind(options.kind ?? 'preallocated'));
  }

  restoreCache(bytes: Uint8Array): KVCache {
    const { rows, layers, sources } = readCache(bytes, this.fingerprint, this.dimensions);
    const ofRow = sources === undefined ? this.#sourcesOfRows(rows.length) : Int32Array.from(sources);
    if (ofRow.length !== rows.length || ofRow.some((source) => source < 0 || source >= (this.sources?.length ?? 1)))
      throw new CacheError('The serialised cache names sources that the model does not have.');
    const cache = this.#open(ofRow, { kind: 'preallocated' });
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
    checkOptionNames('forward', options, ['scored', 'hidden', 'layers']);
    const { scored = 1, hidden = false, layers } = options;
    checkInteger('forward', 'scored', scored, 0);
    for (const layer of layers ?? []) checkInteger('forward', 'layers', layer, 0, this.layers);
    const own = this.#own(cache);
    const ahead = scored === 1 && !hidden && layers === undefined ? own.takeAhead(tokens) : undefined;
    const frame = this.#frame(tokens, own, scored);
    const lengths = own.lengths;
    try {
      const result =
        ahead ??
        this.executable.run(frame, own.store, {
          ...(hidden ? { hidden } : {}),
          ...(layers === undefined ? {} : { layers }),
          ...this.#sourcesOf(own),
        });
      own.extend(tokens);
      return {
        ...result,
        scored: tokens.map((row) => Math.min(scored, row.length)),
        dispose: () => disposeResult(result),
      };
    } catch (error) {
      own.store.truncate(lengths);
      throw error;
    }
  }

  follow(choice: Choice, cache: KVCache): () => void {
    this.#check();
    const own = this.#own(cache);
    const { lengths, store } = own;
    const drop = (): void => own.dropAhead();
    if (choice.rows !== own.rows || !own.rewinds || lengths.some((length) => length >= this.contextLength)) return drop;
    // Ids that stand for those which nobody knows yet.
    const frame = this.#frame(
      lengths.map(() => [0]),
      own,
      1,
    );
    try {
      own.begin(new StepAhead(choice, this.executable.run(frame, store, { ids: choice, ...this.#sourcesOf(own) })));
    } catch {
      // The same error comes again, from the `forward` that asks for the step.
      store.truncate(lengths);
    }
    return drop;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#memory === undefined) this.executable.dispose();
    else this.#memory.dispose();
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

  #frame(tokens: readonly ArrayLike<number>[], cache: ModelCache, scored: number): Frame {
    if (tokens.length !== cache.rows) throw new ShapeError('Rows of tokens', [cache.rows], [tokens.length]);
    const count = tokens.reduce((sum, row) => sum + row.length, 0);
    if (count === 0) throw new ParameterError('forward', 'tokens', 'at least one token in some row', tokens);
    if (count > this.maxTokens)
      throw new ParameterError('forward', 'tokens', `at most ${this.maxTokens} tokens over all rows`, count);
    const frame = {
      ids: new Int32Array(count),
      rows: new Int32Array(count),
      positions: new Int32Array(count),
      slots: new Int32Array(count),
      firsts: new Int32Array(count),
    };
    const wanted: number[] = [];
    let at = 0;
    tokens.forEach((row, r) => {
      const held = cache.lengths[r]!;
      if (held + row.length > this.contextLength)
        throw new ContextLengthError(this.contextLength, held + row.length, `Row ${r}`);
      for (let i = 0; i < row.length; i++, at++) {
        const id = row[i]!;
        if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize)
          throw new ParameterError('forward', `tokens[${r}][${i}]`, `an id from 0 to ${this.vocabSize - 1}`, id);
        frame.ids[at] = id;
        frame.rows[at] = r;
        frame.positions[at] = frame.slots[at] = held + i;
        if (i >= row.length - scored) wanted.push(at);
      }
    });
    return { ...frame, scored: Int32Array.from(wanted) };
  }
}

/** The cache of an `ExecutableModel`: the engine's store, with the tokens that it holds. */
export class ModelCache implements KVCache {
  readonly model: ExecutableModel;
  readonly #store: KVStore;
  #tokens: TokenList[];
  /** Which source each row reads, of a model with sources. */
  #sources: Int32Array;
  /** A step of which the store holds the slots already, but the tokens here tell nothing. */
  #ahead: StepAhead | undefined;
  /** True when the last slots can be taken back whatever came before; a window forgets what it has passed. */
  readonly rewinds: boolean;
  #disposed = false;

  constructor(model: ExecutableModel, store: KVStore, tokens: TokenList[], sources: Int32Array, rewinds: boolean) {
    this.model = model;
    this.rewinds = rewinds;
    this.#store = store;
    this.#tokens = tokens;
    this.#sources = sources;
  }

  get rows(): number {
    return this.#tokens.length;
  }

  get lengths(): readonly number[] {
    return this.#tokens.map(({ length }) => length);
  }

  get bytes(): number {
    return this.#disposed ? 0 : this.#store.bytes;
  }

  /** The store as the tokens tell of it: a step that was begun ahead is dropped. */
  get store(): KVStore {
    if (this.#disposed) throw new DisposedError('The cache');
    this.dropAhead();
    return this.#store;
  }

  begin(step: StepAhead): void {
    this.#ahead = step;
  }

  /** Forget a step that was begun ahead, if there is one. */
  dropAhead(): void {
    if (this.#ahead === undefined || this.#disposed) return;
    this.#ahead.dispose();
    this.#ahead = undefined;
    this.#store.truncate(this.lengths);
  }

  /** What was computed ahead for exactly these tokens; its slots stay. */
  takeAhead(tokens: readonly ArrayLike<number>[]): RunResult | undefined {
    const result = this.#ahead?.resultFor(tokens);
    if (result !== undefined) this.#ahead = undefined;
    return result;
  }

  get sourceOfRow(): Int32Array {
    return this.#sources;
  }

  tokens(row: number): Int32Array {
    return this.#tokens[checkInteger('tokens', 'row', row, 0, this.rows - 1)]!.view();
  }

  gather(rows: readonly number[]): void {
    for (const row of rows) checkInteger('gather', 'rows', row, 0, this.rows - 1);
    this.store.gather(rows);
    this.#tokens = rows.map((row) => this.#tokens[row]!.copy());
    this.#sources = Int32Array.from(rows, (row) => this.#sources[row]!);
  }

  truncate(lengths: readonly number[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('Lengths', [this.rows], [lengths.length]);
    for (const [row, length] of lengths.entries())
      checkInteger('truncate', `lengths[${row}]`, length, 0, this.lengths[row]!);
    this.store.truncate(lengths);
    for (const [row, length] of lengths.entries()) this.#tokens[row]!.length = length;
  }

  fork(): ModelCache {
    return new ModelCache(
      this.model,
      this.store.fork(),
      this.#tokens.map((row) => row.copy()),
      this.#sources.slice(),
      this.rewinds,
    );
  }

  serialise(): Promise<Uint8Array> {
    return writeCache(
      this.store,
      this.#tokens.map((row) => row.view().slice()),
      this.model.fingerprint,
      this.model.dimensions,
      this.model.sources && [...this.#sources],
    );
  }

  /** Note what a forward pass has added. */
  extend(tokens: readonly ArrayLike<number>[]): void {
    for (const [row, added] of tokens.entries()) this.#tokens[row]!.push(added);
  }

  /** Fill an empty cache: tokens of each row, and keys and values by row and layer. */
  restore(rows: readonly Int32Array[], layers: readonly { keys: Float32Array; values: Float32Array }[][]): void {
    for (const [row, contents] of layers.entries())
      for (const [layer, { keys, values }] of contents.entries()) this.store.write(row, layer, keys, values);
    this.extend(rows);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#ahead?.dispose();
    this.#store.dispose();
  }
}

/** Ids with room to grow. */
class TokenList {
  length = 0;
  #ids = new Int32Array(16);

  push(ids: ArrayLike<number>): void {
    const length = this.length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Int32Array(length * 2);
      grown.set(this.view());
      this.#ids = grown;
    }
    this.#ids.set(ids, this.length);
    this.length = length;
  }

  view(): Int32Array {
    return this.#ids.subarray(0, this.length);
  }

  copy(): TokenList {
    const copy = new TokenList();
    copy.push(this.view());
    return copy;
  }
}
