import { MemoryLimitError } from '@tokenwright/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from './heap.ts';

const newHeap = (limit: number): Heap => new Heap(new WebAssembly.Memory({ initial: 1, maximum: 65536 }), limit);

describe('Heap', () => {
  it('allocates aligned ranges that do not overlap, and reuses released ones', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(3)), { maxLength: 80 }), (steps) => {
        const heap = newHeap(2 ** 32);
        const held = new Map<number, number>();
        for (const [bytes, release] of steps) {
          const address = heap.allocate('test', bytes);
          expect(address % 128).toBe(0);
          for (const [other, size] of held) expect(address + bytes <= other || other + size <= address).toBe(true);
          held.set(address, bytes);
          expect(heap.views.bytes.length).toBeGreaterThanOrEqual(address + bytes);
          const victim = [...held.keys()][release];
          if (victim !== undefined) {
            heap.release(victim);
            held.delete(victim);
          }
          expect(heap.buffers).toBe(held.size);
        }
        for (const address of held.keys()) heap.release(address);
        expect(heap.bytes).toBe(0);
      }),
    );
  });

  it('merges free ranges, so that memory does not grow forever', () => {
    const heap = newHeap(2 ** 32);
    for (let round = 0; round < 50; round++) {
      const addresses = [3000, 70000, 500].map((bytes) => heap.allocate('test', bytes));
      for (const address of addresses) heap.release(address);
    }
    expect(heap.views.bytes.length).toBeLessThanOrEqual(3 * 65536);
  });

  it('rejects what does not fit, with both numbers, and allocates nothing', () => {
    const heap = newHeap(10000);
    heap.allocate('test', 1000);
    const before = heap.bytes;
    const refused = (): number => heap.allocate('The weights', 9000);
    expect(refused).toThrow(MemoryLimitError);
    expect(refused).toThrow(/The weights needs 9088 bytes, but \d+ are available/);
    expect(heap.bytes).toBe(before);
    expect(() => newHeap(2 ** 32).allocate('test', 2 ** 32)).toThrow(MemoryLimitError);
  });
  it('reports memory that the machine does not grant, and stays usable', () => {
    // At most four pages of 64 KB, whatever the limit is.
    const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 4 }), 2 ** 32);
    const held = heap.allocate('test', 100000);
    expect(() => heap.allocate('The KV cache', 200000)).toThrow(MemoryLimitError);
    expect(heap.bytes).toBe(100096);
    const other = heap.allocate('test', 100000);
    expect(other).toBeGreaterThanOrEqual(held + 100000);
    for (const address of [held, other]) heap.release(address);
    expect(heap.allocate('test', 240000)).toBe(held);
  });
});
