import { checkInteger } from '../check/check.ts';
import { DisposedError, ShapeError } from '../errors.ts';
import type { KVCache } from '../model/kv-cache.ts';
import { writeCache } from '../model/kv-cache-bytes.ts';
import { TokenList } from '../model/token-list.ts';
import type { HostModel } from './host-model-base.ts';

/** One row of a {@link TokenCache}. */
export interface TokenRow<State> {
  readonly tokens: TokenList;
  /**
   * What the model last computed for this row or for the row that it was copied from. The tokens may have changed since then, so
   * the model compares before it reuses the state.
   */
  state: State | undefined;
}

/**
 * The cache of a host model: the tokens of each row, and a state that the model may keep beside them. Only the tokens are
 * serialized; a state is computed again.
 */
export class TokenCache<State = unknown> implements KVCache {
  readonly model: HostModel<State>;
  #rows: TokenRow<State>[];
  #disposed = false;

  constructor(model: HostModel<State>, rows: TokenRow<State>[]) {
    this.model = model;
    this.#rows = rows;
    model.opened(this);
  }

  /** A cache of rows that hold these tokens. */
  static of<State>(model: HostModel<State>, rows: readonly ArrayLike<number>[]): TokenCache<State> {
    return new TokenCache(
      model,
      rows.map((ids) => {
        const tokens = new TokenList();
        tokens.push(ids);
        return { tokens, state: undefined };
      }),
    );
  }

  get rows(): number {
    return this.#rows.length;
  }

  get lengths(): readonly number[] {
    return this.#rows.map(({ tokens }) => tokens.length);
  }

  /** Bytes of the tokens; what a model keeps as its state is not counted. */
  get bytes(): number {
    return this.#disposed ? 0 : this.lengths.reduce((sum, length) => sum + length * 4, 0);
  }

  tokens(row: number): Int32Array {
    return this.row(checkInteger('tokens', 'row', row, 0, this.rows - 1)).tokens.view();
  }

  /** The row itself, for the model. */
  row(index: number): TokenRow<State> {
    return this.#open()[index]!;
  }

  gather(rows: readonly number[]): void {
    for (const row of rows) checkInteger('gather', 'rows', row, 0, this.rows - 1);
    const before = this.#open();
    this.#rows = rows.map((row) => copyOf(before[row]!));
  }

  truncate(lengths: readonly number[]): void {
    const rows = this.#open();
    if (lengths.length !== rows.length) throw new ShapeError('Lengths', [rows.length], [lengths.length]);
    for (const [row, length] of lengths.entries())
      checkInteger('truncate', `lengths[${row}]`, length, 0, rows[row]!.tokens.length);
    for (const [row, length] of lengths.entries()) rows[row]!.tokens.length = length;
  }

  fork(): TokenCache<State> {
    return new TokenCache(this.model, this.#open().map(copyOf));
  }

  async serialize(): Promise<Uint8Array> {
    return writeCache(
      undefined,
      this.#open().map(({ tokens }) => tokens.view().slice()),
      this.model.fingerprint,
      this.model.cacheDimensions,
    );
  }

  /** Append the tokens of a forward pass. */
  extend(tokens: readonly ArrayLike<number>[]): void {
    for (const [row, added] of tokens.entries()) this.row(row).tokens.push(added);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#rows = this.#rows.map(({ tokens }) => ({ tokens, state: undefined }));
    this.model.closed(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #open(): TokenRow<State>[] {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#rows;
  }
}

function copyOf<State>({ tokens, state }: TokenRow<State>): TokenRow<State> {
  return { tokens: tokens.copy(), state };
}
