import type { EncoderKeyValues } from '@tokenwright/core/engine';
import type { PagedStore } from './paged-store.ts';

/** Cross-attention keys and values of some sources: a row of blocks for each. */
export class WasmSourceMemory implements EncoderKeyValues {
  readonly sources: number;
  readonly store: PagedStore;

  /** Takes the store over. */
  constructor(store: PagedStore) {
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
