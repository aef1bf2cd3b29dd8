import { checkInteger } from '../check/check.ts';
import type { KVStore } from '../engine/engine.ts';
import { DisposedError, ShapeError } from '../errors.ts';
import type { KVCache } from './kv-cache.ts';
import { writeCache } from './kv-cache-bytes.ts';
import type { ExecutableModel } from './model.ts';
import type { PendingModelStep } from './pending-step.ts';
import type { TokenList } from './token-list.ts';

/** The cache of an `ExecutableModel`: the engine's store, and the tokens whose keys and values are in it. */
export class ModelCache implements KVCache {
  readonly model: ExecutableModel;
  readonly #store: KVStore;
  #tokens: TokenList[];
  /** The source that each row reads, for a model with sources. */
  #sources: Int32Array;
  /** A step whose slots are in the store, but whose tokens are not in `#tokens`. */
  #pending: PendingModelStep | undefined;
  /** Whether the last slots can always be removed. A window has overwritten the slots before it. */
  readonly rewinds: boolean;
  #disposed = false;

  constructor(model: ExecutableModel, store: KVStore, tokens: TokenList[], sources: Int32Array, rewinds: boolean) {
    this.model = model;
    this.rewinds = rewinds;
    this.#store = store;
    this.#tokens = tokens;
    this.#sources = sources;
    model.opened(this);
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

  /** The store at the state that the tokens describe: cancels a pending step. */
  settle(): KVStore {
    if (this.#disposed) throw new DisposedError('The cache');
    this.#pending?.cancel();
    this.#pending = undefined;
    return this.#store;
  }

  /** Keep a step that has extended the store. There must be no other: see `settle`. */
  hold(step: PendingModelStep): void {
    this.#pending = step;
  }

  /** The pending step, if it feeds exactly these tokens, for the caller to take. */
  release(tokens: readonly ArrayLike<number>[]): PendingModelStep | undefined {
    const step = this.#pending;
    if (step?.state !== 'pending' || !step.feeds(tokens)) return undefined;
    this.#pending = undefined;
    return step;
  }

  /** Remove the slots of a pending step from the store. */
  rewind(): void {
    if (!this.#disposed) this.#store.truncate(this.lengths);
  }

  get sourceOfRow(): Int32Array {
    return this.#sources;
  }

  tokens(row: number): Int32Array {
    return this.#tokens[checkInteger('tokens', 'row', row, 0, this.rows - 1)]!.view();
  }

  gather(rows: readonly number[]): void {
    for (const row of rows) checkInteger('gather', 'rows', row, 0, this.rows - 1);
    this.settle().gather(rows);
    this.#tokens = rows.map((row) => this.#tokens[row]!.copy());
    this.#sources = Int32Array.from(rows, (row) => this.#sources[row]!);
  }

  truncate(lengths: readonly number[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('Lengths', [this.rows], [lengths.length]);
    for (const [row, length] of lengths.entries())
      checkInteger('truncate', `lengths[${row}]`, length, 0, this.lengths[row]!);
    this.settle().truncate(lengths);
    for (const [row, length] of lengths.entries()) this.#tokens[row]!.length = length;
  }

  fork(): ModelCache {
    return new ModelCache(
      this.model,
      this.settle().fork(),
      this.#tokens.map((row) => row.copy()),
      this.#sources.slice(),
      this.rewinds,
    );
  }

  serialize(): Promise<Uint8Array> {
    return writeCache(
      this.settle(),
      this.#tokens.map((row) => row.view().slice()),
      this.model.fingerprint,
      this.model.dimensions,
      this.model.sources && [...this.#sources],
    );
  }

  /** Append the tokens of a forward pass. */
  extend(tokens: readonly ArrayLike<number>[]): void {
    for (const [row, added] of tokens.entries()) this.#tokens[row]!.push(added);
  }

  /** Fill an empty cache: the tokens of each row, and keys and values by row and layer. */
  restore(rows: readonly Int32Array[], layers: readonly { keys: Float32Array; values: Float32Array }[][]): void {
    const store = this.settle();
    for (const [row, contents] of layers.entries())
      for (const [layer, { keys, values }] of contents.entries()) store.write(row, layer, keys, values);
    this.extend(rows);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.model.closed(this);
    this.#pending?.cancel();
    this.#store.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
