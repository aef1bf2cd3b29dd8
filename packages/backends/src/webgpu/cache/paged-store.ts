import type { KVStore } from '@tokenwright/core/engine';
import { PagedRows } from '../../paged/paged-rows.ts';
import { slotsPerBlock } from '../shaders/attend.ts';
import { fromHalfBits, halfBits } from '../shaders/half-precision.ts';
import type { Block, BlockPool } from './block-pool.ts';

/** Keys and values on the device in blocks of 32 slots. */
export class PagedStore extends PagedRows<Block, BlockPool> implements KVStore {
  /** Indices of a row's blocks; 0 for released ones, which no kernel reads. */
  numbers(row: number): number[] {
    return this.row(row).blocks.map((block) => block?.number ?? 0);
  }

  fork(): PagedStore {
    return new PagedStore(this.pool, this.sharedRows(), this.window);
  }

  async read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }> {
    const { layout, device, blockBytes } = this.pool;
    const { kvHeads, headDim, tileWords } = layout;
    const slots = this.row(row).lengths[layer]!;
    const width = kvHeads * headDim;
    const result = { keys: new Float32Array(slots * width), values: new Float32Array(slots * width) };
    const layerBytes = kvHeads * 2 * tileWords * 4;
    const bytes = await device.read(
      this.pool.buffer,
      this.heldBlocks(row, slots).map(({ number }) => ({
        from: number * blockBytes + layer * layerBytes,
        bytes: layerBytes,
      })),
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
    const slots = this.slotsOf(row, layer, keys, values);
    const { lengths, blocks } = this.row(row);
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
