import { CacheError, DisposedError } from '@tokenwright/core';
import { firstInWindow } from '@tokenwright/core/engine';

/** How a cache stores numbers: float32, half precision, or 8 bits with a scale per slot, head, and keys or values. */
export type CacheElement = 'f32' | 'f16' | '8-bit';

export const cacheElements: readonly CacheElement[] = ['f32', 'f16', '8-bit'];

/** A sliding window: each token sees the first `sinks` slots of its row and the last `size`, its own included. */
export interface Window {
  readonly size: number;
  readonly sinks: number;
}

/** Shapes of the cached keys and values. */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** A range of slots of a row in all layers, owned by one row or shared by several. */
export interface SharedBlock {
  users: number;
}

/** Allocates and copies the blocks of one kind. */
export interface Blocks<B extends SharedBlock> {
  readonly slotsPerBlock: number;
  readonly blockBytes: number;
  readonly shape: CacheShape;
  /** @throws MemoryLimitError. */
  create(): B;
  /** Removes one user. A block without users is free. */
  release(block: B): void;
  /** A new block with a copy of at least the first `slots` of another. */
  copy(block: B, slots: number): B;
}

/** A row: its blocks in order. Blocks that a window has left behind are missing. */
export interface PagedRow<B> {
  blocks: (B | undefined)[];
  /** Number of slots in each layer. They differ only while `write` fills a cache layer by layer. */
  lengths: Int32Array;
}

/**
 * Rows of keys and values in blocks that are shared until one row writes: gather and fork count references, and the
 * next append copies at most one block. Subclasses define what a block is and how it is read and written.
 */
export abstract class PagedRows<B extends SharedBlock, P extends Blocks<B>> {
  readonly pool: P;
  readonly window: Window | undefined;
  #rows: PagedRow<B>[];
  #disposed = false;

  /** @param rows their number, or the rows that another store has shared. */
  constructor(pool: P, rows: number | PagedRow<B>[], window?: Window) {
    this.pool = pool;
    this.window = window;
    this.#rows =
      typeof rows === 'number'
        ? Array.from({ length: rows }, () => ({ blocks: [], lengths: new Int32Array(pool.shape.layers) }))
        : rows;
  }

  get rows(): number {
    return this.#rows.length;
  }

  /** Bytes of the blocks. A block that several rows share counts once per row. */
  get bytes(): number {
    return this.#rows.flatMap(({ blocks }) => blocks).filter(Boolean).length * this.pool.blockBytes;
  }

  /** Number of slots of a row. */
  length(row: number): number {
    return this.row(row).lengths[0] ?? 0;
  }

  /**
   * Make room for the slots up to `length`. All blocks from the current length on then belong to this row alone.
   * @param layer the layer whose length is the current one.
   * @throws MemoryLimitError, with the row unchanged.
   */
  reserve(row: number, length: number, layer = 0): void {
    const { slotsPerBlock } = this.pool;
    const { blocks, lengths } = this.row(row);
    const held = lengths[layer] ?? 0;
    const created: B[] = [];
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

  /** Record that a row has grown to `length` slots, and release the blocks that its window has left behind. */
  grown(row: number, length: number): void {
    const { slotsPerBlock } = this.pool;
    const { blocks, lengths } = this.row(row);
    lengths.fill(length);
    if (this.window === undefined) return;
    const { size, sinks } = this.window;
    const firstKept = Math.floor(firstInWindow(length, size) / slotsPerBlock);
    for (let i = Math.ceil(sinks / slotsPerBlock); i < firstKept; i++) {
      const block = blocks[i];
      if (block !== undefined) this.pool.release(block);
      blocks[i] = undefined;
    }
  }

  gather(rows: readonly number[]): void {
    const next = rows.map((row) => shared(this.row(row)));
    this.#release();
    this.#rows = next;
  }

  /** @throws CacheError, with every row unchanged, when a window has moved past what a shorter row would see. */
  truncate(lengths: readonly number[]): void {
    for (const [index, row] of this.#rows.entries()) this.#checkHeld(row, lengths[index]!, index);
    for (const [index, row] of this.#rows.entries()) {
      const length = lengths[index]!;
      for (const block of row.blocks.splice(Math.ceil(length / this.pool.slotsPerBlock)))
        if (block !== undefined) this.pool.release(block);
      row.lengths = row.lengths.map((held) => Math.min(held, length));
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#release();
    this.#disposed = true;
  }

  /** All rows, for a fork: each of their blocks gets one more user. */
  protected sharedRows(): PagedRow<B>[] {
    return this.#rows.map(shared);
  }

  protected row(row: number): PagedRow<B> {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#rows[row]!;
  }

  /**
   * The blocks that hold a row's slots.
   * @throws CacheError when its window has moved past some of them.
   */
  protected heldBlocks(row: number, slots: number): B[] {
    const blocks = this.row(row).blocks.slice(0, Math.ceil(slots / this.pool.slotsPerBlock));
    return blocks.map((block) => {
      if (block !== undefined) return block;
      throw new CacheError(`Row ${row} no longer holds its first positions: its window has moved past.`);
    });
  }

  /**
   * The number of slots in keys and values.
   * @throws CacheError when their sizes do not match this cache.
   */
  protected slotsOf(row: number, layer: number, keys: Float32Array, values: Float32Array): number {
    const { kvHeads, headDim } = this.pool.shape;
    const slots = keys.length / (kvHeads * headDim);
    if (keys.length === values.length && Number.isInteger(slots)) return slots;
    throw new CacheError(
      `Keys and values of row ${row}, layer ${layer}, must be slots of ${kvHeads * headDim} numbers, ` +
        `but have ${keys.length} and ${values.length}.`,
    );
  }

  #release(): void {
    for (const block of this.#rows.flatMap(({ blocks }) => blocks)) if (block !== undefined) this.pool.release(block);
    this.#rows = [];
  }

  /** After truncation, the next token needs the window before it. */
  #checkHeld({ blocks }: PagedRow<B>, length: number, index: number): void {
    if (this.window === undefined || length === 0) return;
    const { slotsPerBlock } = this.pool;
    const from = Math.floor(firstInWindow(length, this.window.size) / slotsPerBlock);
    const to = Math.min(blocks.length, Math.ceil(length / slotsPerBlock));
    for (let i = from; i < to; i++)
      if (blocks[i] === undefined)
        throw new CacheError(
          `Row ${index} cannot be truncated to ${length} positions: its window of ${this.window.size} has moved past them.`,
        );
  }
}

/** A row with the same blocks, each with one more user. */
function shared<B extends SharedBlock>({ blocks, lengths }: PagedRow<B>): PagedRow<B> {
  for (const block of blocks) if (block !== undefined) block.users++;
  return { blocks: [...blocks], lengths: lengths.slice() };
}
