import { checkInteger } from '../check/check.ts';
import type { KVStore, RunResult } from '../engine/engine.ts';
import { DisposedError, ShapeError } from '../errors.ts';
import type { KVCache } from './kv-cache.ts';
import { writeCache } from './kv-cache-bytes.ts';
import type { ExecutableModel } from './model.ts';
import type { StepAhead } from './step-ahead.ts';
import type { TokenList } from './token-list.ts';

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

  serialize(): Promise<Uint8Array> {
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
