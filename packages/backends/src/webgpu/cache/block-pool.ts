import { MemoryLimitError } from '@tokenwright/core';
import type { Blocks, CacheShape, SharedBlock } from '../../paged/paged-rows.ts';
import type { Device } from '../device/device.ts';
import { type CacheLayout, slotsPerBlock } from '../shaders/attend.ts';

/** Slots of a row in all layers, owned by one row or shared by several. Its number is its index in the pool. */
export interface Block extends SharedBlock {
  readonly number: number;
}

/**
 * The blocks of one kind in one buffer. When none is free, the buffer is replaced by one of twice the size; bindings
 * check `version` for that.
 */
export class BlockPool implements Blocks<Block> {
  readonly slotsPerBlock: number = slotsPerBlock;
  readonly device: Device;
  readonly layout: CacheLayout;
  readonly blockBytes: number;
  /** Changes when the buffer is replaced. */
  version = 0;
  #buffer: GPUBuffer | undefined;
  #capacity = 0;
  #free: number[] = [];
  #used = 0;

  constructor(device: Device, layout: CacheLayout) {
    this.device = device;
    this.layout = layout;
    this.blockBytes = layout.blockWords * 4;
  }

  get shape(): CacheShape {
    return this.layout;
  }

  /** The buffer; before the first block, one with room for a few. */
  get buffer(): GPUBuffer {
    if (this.#buffer === undefined) this.#grow(4);
    return this.#buffer!;
  }

  /** Bytes of the blocks in use. */
  get usedBytes(): number {
    return this.#used * this.blockBytes;
  }

  /** Bytes of the buffer. */
  get bytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.size;
  }

  /** @throws MemoryLimitError when the pool would exceed the largest buffer. */
  create(): Block {
    if (this.#free.length === 0) this.#grow(Math.max(4, this.#capacity * 2));
    this.#used++;
    return { number: this.#free.pop()!, users: 1 };
  }

  release(block: Block): void {
    if (--block.users > 0) return;
    this.#used--;
    this.#free.push(block.number);
  }

  /** A new block with a copy of another. */
  copy(block: Block): Block {
    const copy = this.create();
    const { buffer, blockBytes, device } = this;
    // WebGPU cannot copy within one buffer.
    const between = device.storage('copy of a block', blockBytes);
    const encoder = device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, block.number * blockBytes, between, 0, blockBytes);
    encoder.copyBufferToBuffer(between, 0, buffer, copy.number * blockBytes, blockBytes);
    device.gpu.queue.submit([encoder.finish()]);
    device.release(between);
    return copy;
  }

  dispose(): void {
    if (this.#buffer !== undefined) this.device.release(this.#buffer);
    this.#buffer = undefined;
    this.#capacity = 0;
    this.#free = [];
  }

  #grow(wanted: number): void {
    const most = Math.floor(this.device.largestBuffer / this.blockBytes);
    const capacity = Math.min(wanted, most);
    if (capacity <= this.#capacity)
      throw new MemoryLimitError('The KV cache', (this.#capacity + 1) * this.blockBytes, most * this.blockBytes);
    const buffer = this.device.storage('KV cache', capacity * this.blockBytes);
    if (this.#buffer !== undefined) {
      const { gpu } = this.device;
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(this.#buffer, 0, buffer, 0, this.#capacity * this.blockBytes);
      gpu.queue.submit([encoder.finish()]);
      this.device.release(this.#buffer);
    }
    for (let number = capacity - 1; number >= this.#capacity; number--) this.#free.push(number);
    this.#buffer = buffer;
    this.#capacity = capacity;
    this.version++;
  }
}
