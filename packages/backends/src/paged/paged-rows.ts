import { CacheError, DisposedError } from '@tokenwright/core';
import { firstInWindow } from '@tokenwright/core/engine';

/** How a cache holds numbers: float32, half precision, or 8 bits with a scale for each slot, head, and of keys and values. */
export type CacheElement = 'f32' | 'f16' | '8-bit';

export const cacheElements: readonly CacheElement[] = ['f32', 'f16', '8-bit'];

/** A sliding window: each token sees the first `sinks` slots of its row and the last `size`, its own included. */
export interface Window {
  readonly size: number;
  readonly sinks: number;
}

/** Shapes of what is cached. */
export interface CacheShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Some slots of a row in all layers, held by one row or shared by several. */
export interface SharedBlock {
  users: number;
}

/** Makes and copies the blocks of one kind. */
export interface Blocks<B extends SharedBlock> {
  readonly slotsPerBlock: number;
  readonly blockBytes: number;
  readonly shape: CacheShape;
  /** @throws MemoryLimitError. */
  create(): B;
  /** One user less; without any, the block is free. */
  release(block: B): void;
  /** A block of its own with at least the first `slots` of another. */
  copy(block: B, slots: number): B;
}

/** A row: its blocks in order. Blocks that a window has left behind are gone. */
export interface PagedRow<B> {
  blocks: (B | undefined)[];
  /** Slots that each layer holds. They are equal but while `write` fills a cache layer by layer. */
  lengths: Int32Array;
}

/**
 * Rows of keys and values in blocks that they share until one of them writes: gather and fork count references, and the next
 * append copies at most one block. What a block is, and how numbers get in and out, is the engine's.
 */
export abstract class PagedRows<B extends SharedBlock, P extends Blocks<B>> {
  readonly pool: P;
  readonly window: Window | undefined;
  #rows: PagedRow<B>[];
  #disposed = false;

  /** @param rows their number, or rows of another store that were shared with this one. */
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

  /** Bytes of the blocks; one that several rows share counts for each. */
  get bytes(): number {
    return this.#rows.flatMap(({ blocks }) => blocks).filter(Boolean).length * this.pool.blockBytes;
  }

  /** Slots that a row holds. */
  length(row: number): number {
    return this.row(row).lengths[0] ?? 0;
  }

  /**
   * Make room for the slots up to `length`, all of whose blocks then belong to this row alone from its present length on.
   * @param layer whose length counts as the present one.
   * @throws MemoryLimitError, with the row as it was.
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

  /** Note that a row has grown to `length` slots, and let go of what its window has left behind. */
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

  /** @throws CacheError, with every row as it was, when a window has moved past what a shorter row would see. */
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

  /** All rows, for a fork: their blocks have one user more. */
  protected sharedRows(): PagedRow<B>[] {
    return this.#rows.map(shared);
  }

  protected row(row: number): PagedRow<B> {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#rows[row]!;
  }

  /**
   * The blocks that hold a row's slots.
   * @throws CacheError when its window has moved past some.
   */
  protected heldBlocks(row: number, slots: number): B[] {
    const blocks = this.row(row).blocks.slice(0, Math.ceil(slots / this.pool.slotsPerBlock));
    return blocks.map((block) => {
      if (block !== undefined) return block;
      throw new CacheError(`Row ${row} no longer holds its first positions: its window has moved past.`);
    });
  }

  /**
   * How many slots keys and values are.
   * @throws CacheError when they are not slots of this cache.
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

  /** After a cut, the next token needs the window before it. */
  #checkHeld({ blocks }: PagedRow<B>, length: number, index: number): void {
    if (this.window === undefined || length === 0) return;
    const { slotsPerBlock } = this.pool;
    const from = Math.floor(firstInWindow(length, this.window.size) / slotsPerBlock);
    const to = Math.min(blocks.length, Math.ceil(length / slotsPerBlock));
    for (let i = from; i < to; i++)
      if (blocks[i] === undefined)
        throw new CacheError(
          `Row ${index} cannot go back to ${length} positions: its window of ${this.window.size} has moved past them.`,
        );
  }
}

/** A row with the same blocks, each with one user more. */
function shared<B extends SharedBlock>({ blocks, lengths }: PagedRow<B>): PagedRow<B> {
  for (const block of blocks) if (block !== undefined) block.users++;
  return { blocks: [...blocks], lengths: lengths.slice() };
}
