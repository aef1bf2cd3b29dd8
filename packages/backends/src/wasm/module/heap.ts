import { MemoryLimitError } from '@tokenwright/core';
import { heapStart } from './layout.ts';

/** Allocations are aligned to two cache lines, because processors fetch lines in pairs. */
const alignment = 128;
const pageBytes = 65536;
/** Kernels may read, but not write, up to this far past the end of an allocation. */
const slack = 256;

/** The allocations in a module's memory: first fit, adjacent free ranges are merged. Grows as needed. */
export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #limit: number;
  readonly #sizes: Map<number, number> = new Map();
  /** Free ranges by ascending address. */
  #free: { start: number; end: number }[] = [];
  #end: number = heapStart;
  #bytes = 0;
  #views: Views | undefined;

  /** `limit` is in bytes, at most 4 GiB. */
  constructor(memory: WebAssembly.Memory, limit: number) {
    this.#memory = memory;
    this.#limit = limit;
  }

  /** Allocated bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get buffers(): number {
    return this.#sizes.size;
  }

  /** The memory as typed arrays. They are replaced when the memory grows, so do not keep references to them. */
  get views(): Views {
    const { buffer } = this.#memory;
    if (this.#views?.buffer !== buffer)
      this.#views = {
        buffer,
        bytes: new Uint8Array(buffer),
        int32: new Int32Array(buffer),
        uint32: new Uint32Array(buffer),
        float32: new Float32Array(buffer),
        float64: new Float64Array(buffer),
      };
    return this.#views;
  }

  /** @throws MemoryLimitError when `bytes` more, in one or several allocations, do not fit. */
  check(what: string, bytes: number): void {
    const available = Math.max(0, this.#limit - this.#bytes - heapStart);
    if (bytes > available) throw new MemoryLimitError(what, bytes, available);
  }

  /**
   * @returns the address; the contents are undefined.
   * @throws MemoryLimitError, with nothing allocated.
   */
  allocate(what: string, bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / alignment)) * alignment;
    this.check(what, size);
    const index = this.#free.findIndex(({ start, end }) => end - start >= size);
    let address: number;
    if (index >= 0) {
      const range = this.#free[index]!;
      address = range.start;
      range.start += size;
      if (range.start === range.end) this.#free.splice(index, 1);
    } else {
      // A free range at the end is extended.
      const last = this.#free.at(-1);
      address = last?.end === this.#end ? last.start : this.#end;
      this.#grow(what, address + size, size);
      if (address !== this.#end) this.#free.pop();
      this.#end = address + size;
    }
    this.#sizes.set(address, size);
    this.#bytes += size;
    return address;
  }

  /** Allocate and fill with zeros. */
  allocateZeros(what: string, bytes: number): number {
    const address = this.allocate(what, bytes);
    this.views.bytes.fill(0, address, address + Math.ceil(bytes / 16) * 16);
    return address;
  }

  release(address: number): void {
    const size = this.#sizes.get(address);
    if (size === undefined) return;
    this.#sizes.delete(address);
    this.#bytes -= size;
    const free = this.#free;
    let index = free.findIndex(({ start }) => start > address);
    if (index < 0) index = free.length;
    const before = free[index - 1];
    const after = free[index];
    const end = address + size;
    if (before?.end === address && after?.start === end) {
      before.end = after.end;
      free.splice(index, 1);
    } else if (before?.end === address) before.end = end;
    else if (after?.start === end) after.start = address;
    else free.splice(index, 0, { start: address, end });
  }

  #grow(what: string, end: number, size: number): void {
    const { byteLength } = this.#memory.buffer;
    const needed = Math.min(end + slack, 2 ** 32);
    if (end > 2 ** 32) throw new MemoryLimitError(what, size, Math.max(0, 2 ** 32 - this.#end));
    if (needed <= byteLength) return;
    try {
      this.#memory.grow(Math.ceil((needed - byteLength) / pageBytes));
    } catch {
      throw new MemoryLimitError(what, size, byteLength - this.#end);
    }
  }
}

/** The module's memory in the types that the host uses; indices are addresses divided by the element's size. */
export interface Views {
  readonly buffer: ArrayBufferLike;
  readonly bytes: Uint8Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
}
