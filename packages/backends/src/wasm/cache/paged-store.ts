import type { KVStore } from '@tokenwright/core/engine';
import { PagedRows } from '../../paged/paged-rows.ts';
import { slotsPerBlock } from '../module/layout.ts';
import type { Block, BlockPool } from './block-pool.ts';

/** Keys and values in blocks of 64 slots. A cache never moves when it grows. */
export class PagedStore extends PagedRows<Block, BlockPool> implements KVStore {
  /** Addresses of a row's blocks; 0 for released ones. */
  addresses(row: number): number[] {
    return this.row(row).blocks.map((block) => block?.address ?? 0);
  }

  fork(): PagedStore {
    return new PagedStore(this.pool, this.sharedRows(), this.window);
  }

  async read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }> {
    return { keys: this.#read(row, layer, 'keys'), values: this.#read(row, layer, 'values') };
  }

  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void {
    const slots = this.slotsOf(row, layer, keys, values);
    const { lengths } = this.row(row);
    const first = lengths[layer]!;
    this.reserve(row, first + slots, layer);
    this.#write(row, layer, 'keys', keys, first);
    this.#write(row, layer, 'values', values, first);
    lengths[layer] = first + slots;
  }

  #read(row: number, layer: number, part: 'keys' | 'values'): Float32Array {
    const { pool } = this;
    const { kvHeads, headDim } = pool.shape;
    const slots = this.row(row).lengths[layer]!;
    const width = kvHeads * headDim;
    const result = new Float32Array(slots * width);
    const blocks = this.heldBlocks(row, slots);
    this.#withStaging((staging) => {
      for (const [i, block] of blocks.entries()) {
        const first = i * slotsPerBlock;
        const count = Math.min(slotsPerBlock, slots - first);
        for (let head = 0; head < kvHeads; head++) {
          pool.machine.kernels.loadSlots(pool.code, pool.tile(block, layer, part, head), 0, count, pool.size, staging);
          const { float32 } = pool.machine.heap.views;
          for (let slot = 0; slot < count; slot++) {
            const from = staging / 4 + slot * pool.size;
            result.set(float32.subarray(from, from + headDim), (first + slot) * width + head * headDim);
          }
        }
      }
    });
    return result;
  }

  #write(row: number, layer: number, part: 'keys' | 'values', numbers: Float32Array, first: number): void {
    const { pool } = this;
    const { kvHeads, headDim } = pool.shape;
    const { blocks } = this.row(row);
    this.#withStaging((staging) => {
      for (let i = 0; i < numbers.length / headDim; i++) {
        const slot = first + Math.floor(i / kvHeads);
        const { float32 } = pool.machine.heap.views;
        float32.fill(0, staging / 4, staging / 4 + pool.size);
        float32.set(numbers.subarray(i * headDim, (i + 1) * headDim), staging / 4);
        const block = blocks[Math.floor(slot / slotsPerBlock)]!;
        const tile = pool.tile(block, layer, part, i % kvHeads);
        pool.machine.kernels.storeSlot(pool.code, tile, slot % slotsPerBlock, staging, pool.size);
      }
    });
  }

  #withStaging(work: (address: number) => void): void {
    const { heap } = this.pool.machine;
    const staging = heap.allocate('Copying of the KV cache', slotsPerBlock * this.pool.size * 4);
    try {
      work(staging);
    } finally {
      heap.release(staging);
    }
  }
}
