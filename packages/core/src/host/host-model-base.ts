import { checkInteger } from '../check/check.ts';
import { checkOptionNames } from '../check/read-options.ts';
import { CacheError, DisposedError, UnsupportedError } from '../errors.ts';
import { cacheKind } from '../model/cache-kind.ts';
import { frameOf } from '../model/frame-of.ts';
import type { KVCache } from '../model/kv-cache.ts';
import { type CacheDimensions, readCache } from '../model/kv-cache-bytes.ts';
import type {
  CacheOptions,
  ForwardOptions,
  ForwardResult,
  LanguageModel,
  ModelDefaults,
} from '../model/language-model.ts';
import { LazyMatrix } from './lazy-matrix.ts';
import { TokenCache, type TokenRow } from './token-cache.ts';

/** What describes a {@link HostModel}, defaults filled in. */
export interface HostModelDescription {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Default 0: no early exits. */
  readonly layers?: number;
  /** Default: no limit. */
  readonly maxTokens?: number;
  readonly defaults: ModelDefaults;
  readonly fingerprint: string;
}

/**
 * A language model whose logits come from outside the engines: a function, another runtime, a service. A subclass says how the
 * logits of one row are computed. Rows, batches, rewinds, forks and serialized caches work for all of them in the same way.
 *
 * A forward pass only records the tokens. Logits are computed when they are read, so that the computation may be asynchronous, and
 * not at all for tokens whose logits nobody reads.
 */
export abstract class HostModel<State = unknown> implements LanguageModel {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend = undefined;
  readonly readbackIsExpensive: boolean = false;
  readonly defaults: ModelDefaults;
  /** The sizes in a serialized cache: there are no keys and values. */
  readonly cacheDimensions: CacheDimensions;
  #disposed = false;

  constructor({
    name,
    vocabSize,
    contextLength,
    layers = 0,
    maxTokens = Number.MAX_SAFE_INTEGER,
    defaults,
    fingerprint,
  }: HostModelDescription) {
    this.name = name;
    this.vocabSize = vocabSize;
    this.contextLength = contextLength;
    this.layers = layers;
    this.maxTokens = maxTokens;
    this.defaults = defaults;
    this.fingerprint = fingerprint;
    this.cacheDimensions = { layers: 0, kvHeads: 0, headDim: 0, vocabSize, contextLength };
  }

  /**
   * Compute the logits of one row.
   *
   * @param tokens all tokens of the row; a copy that may be kept, but not changed.
   * @param logits to be filled with the logits after each of the last n tokens: [n, vocabSize].
   * @param state what an earlier call returned for this row or for the row that it was copied from. Its tokens may differ from these.
   * @returns the state to keep for the row. It may be shared between rows, so it is never changed.
   */
  protected abstract scoreRow(
    tokens: Int32Array,
    logits: Float32Array,
    state: State | undefined,
  ): Promise<State | undefined>;

  /** Called for each cache and each result that is created, for subclasses that count them. */
  opened(_object: object): void {}

  /** Called for each cache and each result that is disposed. */
  closed(_object: object): void {}

  createCache(options: CacheOptions = {}): TokenCache<State> {
    this.#check();
    checkOptionNames('createCache', options, ['rows', 'kind']);
    const rows = checkInteger('createCache', 'rows', options.rows ?? 1, 1);
    const { kind } = cacheKind(options.kind ?? 'static');
    if (kind !== 'static' && kind !== 'dynamic')
      throw new UnsupportedError(`the cache kind '${kind}'`, `The model '${this.name}'`, 'It caches tokens only.');
    return TokenCache.of<State>(
      this,
      Array.from({ length: rows }, () => []),
    );
  }

  restoreCache(bytes: Uint8Array): TokenCache<State> {
    this.#check();
    return TokenCache.of<State>(this, readCache(bytes, this.fingerprint, this.cacheDimensions).rows);
  }

  owns(cache: KVCache): cache is TokenCache<State> {
    return cache instanceof TokenCache && cache.model === this;
  }

  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options: ForwardOptions = {}): ForwardResult {
    this.#check();
    checkOptionNames('forward', options, ['scored', 'hidden', 'earlyExits']);
    const { scored = 1, hidden = false, earlyExits = [] } = options;
    checkInteger('forward', 'scored', scored, 0);
    if (hidden) throw new UnsupportedError('hidden states', `The model '${this.name}'`);
    if (earlyExits.length > 0) throw new UnsupportedError('early exits', `The model '${this.name}'`);
    if (!this.owns(cache))
      throw new CacheError(`The cache was not made by the model '${this.name}' that it is given to.`);
    frameOf(tokens, cache.lengths, scored, this);
    cache.extend(tokens);
    const counts = tokens.map(({ length }) => Math.min(scored, length));
    const rows = counts.flatMap((count, i): ScoredRow<State>[] =>
      count === 0 ? [] : [{ row: cache.row(i), tokens: cache.tokens(i).slice(), count }],
    );
    const logits = new LazyMatrix(
      counts.reduce((sum, count) => sum + count, 0),
      this.vocabSize,
      () => this.#score(rows),
    );
    const result: ForwardResult = {
      logits,
      scored: counts,
      dispose: () => {
        logits.dispose();
        this.closed(result);
      },
    };
    this.opened(result);
    return result;
  }

  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError(`The model '${this.name}'`);
  }

  /** One row after the other: many runtimes cannot run twice at once. */
  async #score(rows: readonly ScoredRow<State>[]): Promise<Float32Array> {
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    const values = new Float32Array(count * this.vocabSize);
    let at = 0;
    for (const { row, tokens, count } of rows) {
      const end = at + count * this.vocabSize;
      const state = await this.scoreRow(tokens, values.subarray(at, end), row.state);
      if (state !== undefined) row.state = state;
      at = end;
    }
    return values;
  }
}

/** A row of a forward pass, with its tokens as they were then. */
interface ScoredRow<State> {
  readonly row: TokenRow<State>;
  readonly tokens: Int32Array;
  /** How many of the last tokens get logits. */
  readonly count: number;
}
