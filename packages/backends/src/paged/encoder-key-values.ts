import type { EncoderKeyValues } from '@tokenwright/core/engine';

/** The parts of a paged store that encoder keys and values report. */
interface SourceRows {
  /** One row per source. */
  readonly rows: number;
  readonly bytes: number;
  dispose(): void;
}

/** Cross-attention keys and values of some sources: one row of blocks per source. */
export class PagedEncoderKeyValues<Store extends SourceRows> implements EncoderKeyValues {
  readonly sources: number;
  readonly store: Store;

  /** @param store which is disposed with this object. */
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
