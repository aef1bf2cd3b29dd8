import { CacheError, DisposedError, type KVStore } from '@tokenwright/core';
import type { Window } from '../wasm/paged-store.ts';
import type { Block, BlockPool } from './block-pool.ts';
import { fromHalfBits, halfBits } from './formats.ts';
import { slotsPerBlock } from './shaders/attend.ts';

/** A row: its blocks in order. Blocks that a window has left behind are gone. */
interface Row {
  blocks: (Block | undefined)[];
  /** Slots that each layer holds. They are equal but while `write` fills a cache layer by layer. */
  lengths: Int32Array;
}

/**
 * Keys and values on the device in blocks of 32 slots that rows share until one of them writes: gather and fork count references,
 * and the next append copies at most one block.
 */
export class PagedStore implements KVStore {
  readonly pool: BlockPool;
  readonly window: Window | undefined;
  #rows: Row[];
  #disposed = false;

  constructor(pool: BlockPool, rows: number | Row[], window?: Window) {
    this.pool = pool;
    this.window = window;
    this.#rows =
      typeof rows === 'number'
        ? Array.from({ length: rows }, () => ({ blocks: [], lengths: new Int32Array(pool.layout.layers) }))
        : rows;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return this.#rows.flatMap(({ blocks }) => blocks).filter(Boolean).length * this.pool.blockBytes;
  }

  /** Slots that a row holds. */
  length(row: number): number {
    return this.#row(row).lengths[0] ?? 0;
  }

  /** Numbers of a row's blocks; 0 for those that are gone, which nobody reads. */
  numbers(row: number): number[] {
    return this.#row(row).blocks.map((block) => block?.number ?? 0);
  }

  /**
   * Make room for the slots up to `length`, all of whose blocks then belong to this row alone from its present length on.
   * @throws MemoryLimitError, with the row as it was.
   */
  reserve(row: number, length: number, layer = 0): void {
    const { blocks, lengths } = this.#row(row);
    const held = lengths[layer] ?? 0;
    const created: Block[] = [];
    try {
      const first = Math.floor(held / slotsPerBlock);
      const shared = held < length ? blocks[first] : undefined;
      if (shared !== undefined && shared.users > 1) {
        blocks[first] = this.pool.copy(shared);
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
    const { layout, device, blockBytes } = this.pool;
    const { kvHeads, headDim, tileWords } = layout;
    const { blocks, lengths } = this.#row(row);
    const slots = lengths[layer]!;
    const width = kvHeads * headDim;
    const result = { keys: new Float32Array(slots * width), values: new Float32Array(slots * width) };
    const used = blocks.slice(0, Math.ceil(slots / slotsPerBlock));
    if (used.includes(undefined))
      throw new CacheError(`Row ${row} no longer holds its first positions: its window has moved past.`);
    const layerBytes = kvHeads * 2 * tileWords * 4;
    const bytes = await device.read(
      this.pool.buffer,
      used.map((block) => ({ from: block!.number * blockBytes + layer * layerBytes, bytes: layerBytes })),
    );
    const words = new Uint32Array(bytes);
    for (let slot = 0; slot < slots; slot++)
      for (let head = 0; head < kvHeads; head++) {
        const tile = Math.floor(slot / slotsPerBlock) * (layerBytes / 4) + head * 2 * tileWords;
        const at = slot * width + head * headDim;
        this.#unpack(words, tile, slot % slotsPerBlock, result.keys.subarray(at, at + headDim));
        this.#unpack(words, tile + tileWords, slot % slotsPerBlock, result.values.subarray(at, at + headDim));
      }
    return result;
  }

  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void {
    const { layout, device, blockBytes } = this.pool;
    const { kvHeads, headDim, slotWords, tileWords, element } = layout;
    const width = kvHeads * headDim;
    const slots = keys.length / width;
    if (keys.length !== values.length || !Number.isInteger(slots))
      throw new CacheError(
        `Keys and values of row ${row}, layer ${layer}, must be slots of ${width} numbers, ` +
          `but have ${keys.length} and ${values.length}.`,
      );
    const { lengths, blocks } = this.#row(row);
    const first = lengths[layer]!;
    this.reserve(row, first + slots, layer);
    const { queue } = device.gpu;
    for (const [part, numbers] of [keys, values].entries())
      for (let i = 0; i < slots; i++)
        for (let head = 0; head < kvHeads; head++) {
          const slot = first + i;
          const place = slot % slotsPerBlock;
          const tile =
            blocks[Math.floor(slot / slotsPerBlock)]!.number * blockBytes +
            ((layer * kvHeads + head) * 2 + part) * tileWords * 4;
          const { words, scale } = pack(
            element,
            slotWords,
            numbers.subarray(i * width + head * headDim, i * width + (head + 1) * headDim),
          );
          queue.writeBuffer(this.pool.buffer, tile + place * slotWords * 4, words);
          if (scale !== undefined)
            queue.writeBuffer(this.pool.buffer, tile + (slotsPerBlock * slotWords + place) * 4, Float32Array.of(scale));
        }
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

  #shared({ blocks, lengths }: Row): Row {
    return { blocks: blocks.map((block) => block && this.pool.share(block)), lengths: lengths.slice() };
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

  #unpack(words: Uint32Array, tile: number, slot: number, target: Float32Array): void {
    const { element, slotWords } = this.pool.layout;
    const at = tile + slot * slotWords;
    const floats = new Float32Array(words.buffer);
    for (let d = 0; d < target.length; d++) {
      if (element === 'f32') target[d] = floats[at + d]!;
      else if (element === 'f16') target[d] = fromHalfBits((words[at + (d >> 1)]! >>> (16 * (d & 1))) & 0xffff);
      else
        target[d] =
          ((words[at + (d >> 2)]! << (24 - 8 * (d & 3))) >> 24) * floats[tile + slotsPerBlock * slotWords + slot]!;
    }
  }
}

function pack(
  element: 'f32' | 'f16' | '8-bit',
  slotWords: number,
  numbers: Float32Array,
): { words: Uint32Array<ArrayBuffer>; scale: number | undefined } {
  const words = new Uint32Array(slotWords);
  if (element === 'f32') new Float32Array(words.buffer).set(numbers);
  if (element === 'f16') for (const [d, n] of numbers.entries()) words[d >> 1]! |= halfBits(n) << (16 * (d & 1));
  if (element !== '8-bit') return { words, scale: undefined };
  const scale = Math.fround(numbers.reduce((most, n) => Math.max(most, Math.abs(n)), 0) / 127);
  for (const [d, n] of numbers.entries())
    words[d >> 2]! |= (scale === 0 ? 0 : Math.round(n / scale) & 255) << (8 * (d & 3));
  return { words, scale };
}
