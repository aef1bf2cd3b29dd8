import type { Frame } from '@tokenwright/core/engine';
import { reserve, rowsOf } from '../../graph/frames.ts';
import type { CacheShape } from '../../paged/paged-rows.ts';
import type { Machine } from '../module/machine.ts';
import { BlockPool } from './block-pool.ts';
import { PagedStore } from './paged-store.ts';

/**
 * A new float32 store with room for the frame's tokens.
 * @throws MemoryLimitError.
 */
export function storeFor(machine: Machine, frame: Frame, shape: CacheShape): PagedStore {
  const store = new PagedStore(new BlockPool(machine, shape, 'f32'), rowsOf(frame));
  try {
    reserve(store, frame);
    return store;
  } catch (error) {
    store.dispose();
    throw error;
  }
}
