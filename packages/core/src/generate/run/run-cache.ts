import { checkInteger } from '../../check/check.ts';
import { CacheError, ShapeError } from '../../errors.ts';
import type { KVCache } from '../../model/kv-cache.ts';
import type { LanguageModel } from '../../model/language-model.ts';
import type { ResolvedOptions } from '../contract/options.ts';

/**
 * The cache that a strategy sees. It passes everything on to the run's own cache. Over the caller's cache, a row that ends is
 * hidden rather than removed, so the caller finds it filled. A strategy that repeats or reorders rows gets a fork, and the
 * caller's cache stays as it was.
 */
export class RunCache implements KVCache {
  #cache: KVCache;
  #owned: boolean;
  /** The row of the cache behind each row of this one. */
  #order: readonly number[];

  constructor(cache: KVCache, owned: boolean) {
    this.#cache = cache;
    this.#owned = owned;
    this.#order = Array.from({ length: cache.rows }, (_, row) => row);
  }

  /**
   * The cache of a call: the caller's, or one that lives as long as the call.
   *
   * @throws CacheError for a cache of another model, ShapeError when it does not have a row per prompt.
   */
  static open(model: LanguageModel, rows: number, cache: ResolvedOptions['cache']): RunCache {
    if (typeof cache === 'object' && !('kind' in cache)) {
      if (!model.owns(cache)) throw new CacheError(`The cache was not made by the model '${model.name}'.`);
      if (cache.rows !== rows) throw new ShapeError('generate: rows of the cache', [rows], [cache.rows]);
      return new RunCache(cache, false);
    }
    return new RunCache(model.createCache({ rows, kind: cache === 'none' ? 'static' : cache }), true);
  }

  get inner(): KVCache {
    return this.#cache;
  }

  /** One entry a row of the inner cache: the content of its row here, or undefined when it is out of sight. */
  spread<T>(content: readonly (T | undefined)[]): (T | undefined)[] {
    const result = new Array<T | undefined>(this.#cache.rows).fill(undefined);
    for (const [row, inner] of this.#order.entries()) result[inner] = content[row];
    return result;
  }

  get rows(): number {
    return this.#order.length;
  }

  get lengths(): readonly number[] {
    return this.#order.map((row) => this.#cache.lengths[row]!);
  }

  get bytes(): number {
    return this.#cache.bytes;
  }

  tokens(row: number): Int32Array {
    return this.#cache.tokens(this.#order[row]!);
  }

  gather(rows: readonly number[]): void {
    for (const row of rows) checkInteger('gather', 'rows', row, 0, this.rows - 1);
    const inner = rows.map((row) => this.#order[row]!);
    if (!this.#owned && inner.every((row, i) => i === 0 || row > inner[i - 1]!)) {
      this.#order = inner;
      return;
    }
    if (!this.#owned) {
      this.#cache = this.#cache.fork();
      this.#owned = true;
    }
    this.#cache.gather(inner);
    this.#order = inner.map((_, row) => row);
  }

  truncate(lengths: readonly number[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('truncate: lengths', [this.rows], [lengths.length]);
    const spread = this.spread(lengths);
    this.#cache.truncate(spread.map((length, row) => length ?? this.#cache.lengths[row]!));
  }

  fork(): KVCache {
    const fork = this.#cache.fork();
    fork.gather(this.#order);
    return fork;
  }

  async serialize(): Promise<Uint8Array> {
    const seen = this.fork();
    try {
      return await seen.serialize();
    } finally {
      seen.dispose();
    }
  }

  /** Disposes what the run owns; the caller's cache stays. */
  dispose(): void {
    if (this.#owned) this.#cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
