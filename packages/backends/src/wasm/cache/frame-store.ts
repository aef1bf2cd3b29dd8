import type { Frame } from '@tokenwright/core/engine';
import type { CacheShape } from '../../paged/paged-rows.ts';
import type { Machine } from '../module/machine.ts';
import { BlockPool } from './block-pool.ts';
import { PagedStore } from './paged-store.ts';

/** Slots that each row of a frame holds after it. */
export function lengthsOf({ rows, slots }: Frame): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const [i, row] of rows.entries()) lengths.set(row, Math.max(lengths.get(row) ?? 0, slots[i]! + 1));
  return lengths;
}

/**
 * Make room for a frame's tokens.
 * @throws MemoryLimitError, with every row as it was, but for rows that have room already.
 */
export function reserve(store: PagedStore, frame: Frame): void {
  for (const [row, length] of lengthsOf(frame)) store.reserve(row, length);
}

/**
 * A float32 store of its own with room for the frame's tokens.
 * @throws MemoryLimitError.
 */
export function storeFor(machine: Machine, frame: Frame, shape: CacheShape): PagedStore {
  const rows = Math.max(...lengthsOf(frame).keys()) + 1;
  const store = new PagedStore(new BlockPool(machine, shape, 'f32'), rows);
  try {
    reserve(store, frame);
    return store;
  } catch (error) {
    store.dispose();
    throw error;
  }
}
