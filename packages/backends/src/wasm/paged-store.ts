import { CacheError, DisposedError, type KVStore } from '@tokenwright/core';
import type { Block, BlockPool } from './block-pool.ts';
import { slotsPerBlock } from './layout.ts';

/** A sliding window: each token sees the first `sinks` slots of its row and the last `size`, its own included. */
export interface Window {
  readonly size: number;
  readonly sinks: number;
}

/** A row: its blocks in order. Blocks that a window has left behind are gone. */
interface Row {
  blocks: (Block | undefined)[];
  /** Slots that each layer holds. They are equal but while `write` fills a cache layer by layer. */
  lengths: Int32Array;
}

/**
 * Keys and values in blocks of 64 slots that rows share until one of them writes: gather and fork count references, and the
 * next append copies at most one block, as far as it is filled. A cache never moves when it grows.
 */
export class PagedStore implements KVStore {
  readonly pool: BlockPool;
  readonly window: Window | undefined;
  #rows: Row[];
  #disposed = false;

  constructor(pool: BlockPool, rows: number | Row[], window?: Window) {
    this.pool = pool;
    this.window = window;
    this.#rows = typeof rows === 'number' ? Array.from({ length: rows }, () => this.#emptyRow()) : rows;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return (
      this.#rows.flatMap(({ blocks }) => blocks).filter((block) => block !== undefined).length * this.pool.blockBytes
    );
  }

  /** Slots that a row holds. */
  length(row: number): number {
    return this.#row(row).lengths[0] ?? 0;
  }

  /** Addresses of a row's blocks; 0 for those that are gone. */
  addresses(row: number): number[] {
    return this.#row(row).blocks.map((block) => block?.address ?? 0);
  }

  /**
   * Make room for the slots up to `length`, all of whose blocks then belong to this row alone from its present length on.
   * @throws MemoryLimitError, with the row as it was.
   */
  reserve(row: number, length: number): void {
    const { blocks, lengths } = this.#row(row);
    const held = lengths[0] ?? 0;
    const created: Block[] = [];
    try {
      const first = Math.floor(held / slotsPerBlock);
      const shared = held < length ? blocks[first] : undefined;
      if (shared !== undefined && shared.users > 1) {
        blocks[first] = this.pool.copy(shared, held % slotsPerBlock);
        this.pool.release(shared);
      }
      while (blocks.length + created.length < Math.ceil(length / slotsPerBlock)) created.push(this.pool.create());
      blocks.push(...created);
    } catch (error) {
      for (const block of created) this.pool.release(block);
      throw error;
    }
  }

  /** Note that a row has grown to `length` slots, and let go of what its window has left behind. */
  grown(row: number, length: number): void {
    const { blocks, lengths } = this.#row(row);
    lengths.fill(length);
    if (this.window === undefined) return;
    const { size, sinks } = this.window;
    const firstKept = Math.floor(Math.max(0, length - size + 1) / slotsPerBlock);
    for (let i = Math.ceil(sinks / slotsPerBlock); i < firstKept; i++) {
      const block = blocks[i];
      if (block !== undefined) this.pool.release(block);
      blocks[i] = undefined;
    }
  }

  gather(rows: readonly number[]): void {
    const next = rows.map((row) => this.#shared(this.#row(row)));
    this.#release();
    this.#rows = next;
  }

  truncate(lengths: readonly number[]): void {
    for (const [index, row] of this.#rows.entries()) this.#checkHeld(row, lengths[index]!, index);
    for (const [index, row] of this.#rows.entries()) {
      const length = lengths[index]!;
      for (const block of row.blocks.splice(Math.ceil(length / slotsPerBlock)))
        if (block !== undefined) this.pool.release(block);
      row.lengths = row.lengths.map((held) => Math.min(held, length));
    }
  }

  fork(): PagedStore {
    return new PagedStore(
      this.pool,
      this.#rows.map((row) => this.#shared(row)),
      this.window,
    );
  }

  async read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }> {
    return { keys: this.#read(row, layer, 'keys'), values: this.#read(row, layer, 'values') };
  }

  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void {
    const { kvHeads, headDim } = this.pool.shape;
    const slots = keys.length / (kvHeads * headDim);
    if (keys.length !== values.length || !Number.isInteger(slots))
      throw new CacheError(
        `Keys and values of row ${row}, layer ${layer}, must be slots of ${kvHeads * headDim} numbers, ` +
          `but have ${keys.length} and ${values.length}.`,
      );
    const { lengths } = this.#row(row);
    const first = lengths[layer]!;
    this.reserve(row, first + slots);
    this.#write(row, layer, 'keys', keys, first);
    this.#write(row, layer, 'values', values, first);
    lengths[layer] = first + slots;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#release();
    this.#disposed = true;
  }

  #row(row: number): Row {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#rows[row]!;
  }

  #emptyRow(): Row {
    return { blocks: [], lengths: new Int32Array(this.pool.shape.layers) };
  }

  #shared({ blocks, lengths }: Row): Row {
    return {
      blocks: blocks.map((block) => block && this.pool.share(block)),
      lengths: lengths.slice(),
    };
  }

  #release(): void {
    for (const block of this.#rows.flatMap(({ blocks }) => blocks)) if (block !== undefined) this.pool.release(block);
    this.#rows = [];
  }

  /** After a cut, the next token needs the window before it. */
  #checkHeld({ blocks }: Row, length: number, index: number): void {
    if (this.window === undefined || length === 0) return;
    const from = Math.floor(Math.max(0, length - this.window.size + 1) / slotsPerBlock);
    const to = Math.min(blocks.length, Math.ceil(length / slotsPerBlock));
    for (let i = from; i < to; i++)
      if (blocks[i] === undefined)
        throw new CacheError(
          `Row ${index} cannot go back to ${length} positions: its window of ${this.window.size} has moved past them.`,
        );
  }

  #read(row: number, layer: number, part: 'keys' | 'values'): Float32Array {
    const { pool } = this;
    const { kvHeads, headDim } = pool.shape;
    const { blocks, lengths } = this.#row(row);
    const slots = lengths[layer]!;
    const width = kvHeads * headDim;
    const result = new Float32Array(slots * width);
    this.#withStaging((staging) => {
      for (let first = 0; first < slots; first += slotsPerBlock) {
        const block = blocks[first / slotsPerBlock];
        if (block === undefined)
          throw new CacheError(`Row ${row} no longer holds the positions from ${first} on: its window has moved past.`);
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
    const { blocks } = this.#row(row);
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
