import type { Blocks, CacheElement, CacheShape, SharedBlock } from '../../paged/paged-rows.ts';
import { element8Bit, elementFloat16, elementFloat32, slotsPerBlock } from '../module/layout.ts';
import type { Machine } from '../module/machine.ts';

/** 64 slots of a row in all layers, owned by one row or shared by several. */
export interface Block extends SharedBlock {
  readonly address: number;
}

/** Allocates and copies the blocks of one kind. A block never moves. */
export class BlockPool implements Blocks<Block> {
  readonly slotsPerBlock: number = slotsPerBlock;
  readonly machine: Machine;
  readonly shape: CacheShape;
  readonly element: CacheElement;
  /** The number of the element type in the kernels. */
  readonly code: number;
  /** Size of a head, padding included. */
  readonly size: number;
  readonly tileBytes: number;
  readonly blockBytes: number;

  constructor(machine: Machine, shape: CacheShape, element: CacheElement) {
    this.machine = machine;
    this.shape = shape;
    this.element = element;
    this.code = { f32: elementFloat32, f16: elementFloat16, '8-bit': element8Bit }[element];
    this.size = Math.ceil(shape.headDim / 4) * 4;
    const numbers = slotsPerBlock * this.size;
    this.tileBytes = { f32: numbers * 4, f16: numbers * 2, '8-bit': numbers + slotsPerBlock * 4 }[element];
    this.blockBytes = this.tileBytes * 2 * shape.kvHeads * shape.layers;
  }

  /** @throws MemoryLimitError. */
  create(): Block {
    return { address: this.machine.heap.allocate('The KV cache', this.blockBytes), users: 1 };
  }

  release(block: Block): void {
    if (--block.users === 0) this.machine.heap.release(block.address);
  }

  /** A new block with a copy of the first `slots` of another. */
  copy(block: Block, slots: number): Block {
    const copy = this.create();
    const { layers, kvHeads } = this.shape;
    this.machine.kernels.copySlots(this.code, block.address, copy.address, layers * 2 * kvHeads, this.size, slots);
    return copy;
  }

  /** Address of the tile of a layer's keys or values of one head. */
  tile(block: Block, layer: number, part: 'keys' | 'values', head: number): number {
    const { kvHeads } = this.shape;
    return block.address + ((layer * kvHeads + head) * 2 + (part === 'keys' ? 0 : 1)) * this.tileBytes;
  }
}
