import { DisposedError, type KVCache, ShapeError } from '@tokenwright/core';
import { writeCombined } from './combined-cache-bytes.ts';

/**
 * The cache of a combined model: one cache per source. The expert's defines the rows. In each forward pass, the others are brought to
 * the tokens that their source sees, so they follow every rewind.
 */
export class CompositeCache implements KVCache {
  readonly owner: object;
  readonly #expert: KVCache;
  readonly #others: readonly KVCache[];
  /** The row, at creation, that each row was gathered from: its prompt in the batch. */
  #origins: readonly number[];
  #promptLengths: readonly number[];
  #disposed = false;

  constructor(
    owner: object,
    expert: KVCache,
    others: readonly KVCache[],
    origins: readonly number[] = Array.from({ length: expert.rows }, (_, row) => row),
    promptLengths: readonly number[] = new Array<number>(expert.rows).fill(0),
  ) {
    this.owner = owner;
    this.#expert = expert;
    this.#others = others;
    this.#origins = origins;
    this.#promptLengths = promptLengths;
  }

  get expert(): KVCache {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#expert;
  }

  get others(): readonly KVCache[] {
    return this.#others;
  }

  get origins(): readonly number[] {
    return this.#origins;
  }

  get promptLengths(): readonly number[] {
    return this.#promptLengths;
  }

  get rows(): number {
    return this.#expert.rows;
  }

  get lengths(): readonly number[] {
    return this.#expert.lengths;
  }

  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  tokens(row: number): Int32Array {
    return this.#expert.tokens(row);
  }

  notePrompts(lengths: readonly (number | undefined)[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('Lengths of prompts', [this.rows], [lengths.length]);
    this.#promptLengths = lengths.map((length, row) => length ?? this.#promptLengths[row]!);
    for (const cache of this.#all) cache.notePrompts?.(lengths);
  }

  gather(rows: readonly number[]): void {
    for (const cache of this.#all) cache.gather(rows);
    this.#origins = rows.map((row) => this.#origins[row]!);
    this.#promptLengths = rows.map((row) => this.#promptLengths[row]!);
  }

  truncate(lengths: readonly number[]): void {
    this.expert.truncate(lengths);
  }

  fork(): CompositeCache {
    const [expert, ...others] = this.#all.map((cache) => cache.fork());
    return new CompositeCache(this.owner, expert!, others, this.#origins, this.#promptLengths);
  }

  async serialize(): Promise<Uint8Array> {
    const caches = await Promise.all(this.#all.map((cache) => cache.serialize()));
    return writeCombined({ origins: this.#origins, promptLengths: this.#promptLengths, caches });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#expert.dispose();
    for (const cache of this.#others) cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #all(): readonly KVCache[] {
    return [this.expert, ...this.#others];
  }
}
