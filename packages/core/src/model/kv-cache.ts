/**
 * The keys and values of the tokens that a model has read. The caller holds the cache and passes it to each call; the model keeps none
 * itself. The slot of a token is its position, every row starts at position 0, and there is no padding.
 */
export interface KVCache extends Disposable {
  /** Number of rows: sequences or hypotheses. */
  readonly rows: number;
  /** Number of tokens in each row, [rows]. */
  readonly lengths: readonly number[];
  /** Bytes of keys and values in use. */
  readonly bytes: number;
  /** The tokens of a row, as a view: int32, [lengths[row]]. Valid until the cache changes. */
  tokens(row: number): Int32Array;
  /**
   * Reorder the rows: row i becomes what row `rows[i]` was. Rows may be repeated or left out, as beams, several returned sequences and
   * finished rows need.
   */
  gather(rows: readonly number[]): void;
  /**
   * Shorten each row to its first `lengths[row]` tokens.
   *
   * @throws CacheError when a window cache no longer holds the tokens that would remain.
   */
  truncate(lengths: readonly number[]): void;
  /**
   * Called before each forward pass of a run with the number of prompt tokens per row (undefined: unchanged). For
   * combined models whose sources read another prompt.
   */
  notePrompts?(lengths: readonly (number | undefined)[]): void;
  /** An independent cache with the same content. Equal content is shared, not copied. */
  fork(): KVCache;
  /** The cache as bytes for `LanguageModel.restoreCache`: little-endian, with a versioned header. */
  serialize(): Promise<Uint8Array>;
  /** Release the keys and values. A second call does nothing, and so does a call after the model was disposed. */
  dispose(): void;
  /** The same as `dispose`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}
