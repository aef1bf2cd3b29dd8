import { describe, expect, it } from 'vitest';
import { ReadLimit } from './read-limit.ts';
import { connectReadLoop, readLoopModule, readStride } from './read-loop.ts';

describe('the read loop', () => {
  const pages = 200;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b9);
  const sumOf = (from: number, to: number): number =>
    words.subarray(from / 4, to / 4).reduce((sum, word) => (sum + word) | 0, 0);

  it('is a valid module, also when the number of pages takes several bytes', () => {
    for (const size of [1, 127, 128, 7630, 65536]) expect(WebAssembly.validate(readLoopModule(size))).toBe(true);
  });

  it.each([
    ['one turn', 0, readStride],
    ['two turns', readStride, 3 * readStride],
    ['an odd stretch', 5 * readStride, 777 * readStride],
    ['the whole memory', 0, pages * 65536],
  ])('adds up %s', async (_, from, to) => {
    const loop = await connectReadLoop(readLoopModule(pages), memory);
    expect(loop.sum(from, to)).toBe(sumOf(from, to));
  });
});

describe('ReadLimit', () => {
  it('reads everything on one thread and on two, or throws', async () => {
    const limit = await ReadLimit.open(1e6);
    try {
      expect(limit.bytes).toBe(16 * 65536);
      for (const threads of [1, 2] as const) expect(limit.measure(threads, 3)).toBeGreaterThan(0);
    } finally {
      await limit.close();
    }
  });
});
