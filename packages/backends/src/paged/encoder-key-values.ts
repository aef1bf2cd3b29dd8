import type { EncoderKeyValues } from '@tokenwright/core/engine';

/** The members of a paged store that encoder keys and values use. */
interface SourceRows {
  /** One row per source. */
  readonly rows: number;
  readonly bytes: number;
  dispose(): void;
}

/** Cross-attention keys and values of a batch of sources: one row of blocks per source. */
export class PagedEncoderKeyValues<Store extends SourceRows> implements EncoderKeyValues {
  readonly sources: number;
  readonly store: Store;

  /** @param store disposed together with this object. */
  constructor(store: Store) {
    this.store = store;
    this.sources = store.rows;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  dispose(): void {
    this.store.dispose();
  }
}
