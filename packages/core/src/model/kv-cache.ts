/**
 * Keys and values of the positions that a model has seen: a value that the caller holds and passes, never hidden in
 * the model. Slot = position, every row starts at 0, and there is no padding.
 */
export interface KVCache extends Disposable {
  readonly rows: number;
  /** Positions that each row holds, [rows]. */
  readonly lengths: readonly number[];
  /** Bytes of keys and values in use. */
  readonly bytes: number;
  /** The tokens whose keys and values a row holds, as a view: [lengths[row]], int32. */
  tokens(row: number): Int32Array;
  /** Row i becomes what row rows[i] was. Rows may be repeated or left out: beams, returned sequences, rows that end. */
  gather(rows: readonly number[]): void;
  /**
   * Forget what each row holds from position lengths[row] on.
   * @throws CacheError when a row no longer holds what would remain (a window that has moved on).
   */
  truncate(lengths: readonly number[]): void;
  /**
   * Told by a run, before each forward pass, how many of each row's tokens belong to the prompt (undefined: as before). For
   * models whose sources read something else in place of the prompt.
   */
  notePrompts?(lengths: readonly (number | undefined)[]): void;
  /** A cache of its own that starts equal. What is equal is shared, not copied. */
  fork(): KVCache;
  /** Everything as bytes, for `LanguageModel.restoreCache`. Little-endian, with a versioned header. */
  serialize(): Promise<Uint8Array>;
  /** Release the keys and values. A second call does nothing, and so does a call after the model was disposed. */
  dispose(): void;
  /** The same as `dispose`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}
