import fc from 'fast-check';
import { expect, it } from 'vitest';
import { connect, type Kernels, kernelModule } from '../module/kernels.ts';
import { element8Bit, slotsPerBlock } from '../module/layout.ts';
import { normals } from '../testing/tiny-models.ts';

const [head, tile, widened, query, mixed, scores] = [4096, 8192, 131072, 262144, 270336, 278528];

interface Tile {
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly seed: number;
}

/** Heads of any size, and the slots of a block that a token sees. */
const tiles: fc.Arbitrary<Tile> = fc
  .record({
    size: fc.integer({ min: 1, max: 40 }).map((fours) => 4 * fours),
    ends: fc.tuple(fc.integer({ min: 0, max: slotsPerBlock - 1 }), fc.integer({ min: 1, max: slotsPerBlock })),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .filter(({ ends: [from, to] }) => from < to)
  .map(({ size, ends: [from, to], seed }) => ({ size, from, to, seed }));

async function start(): Promise<{ kernels: Kernels; memory: WebAssembly.Memory }> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  return { kernels: await connect(await kernelModule({ shared: false, relaxed: false }), memory), memory };
}

/**
 * Fill a tile with values; unused slots hold arbitrary bits, even NaN. Returns the values of the used slots, as
 * float32.
 */
function fill({ kernels, memory }: Awaited<ReturnType<typeof start>>, { size, from, to, seed }: Tile): Float32Array {
  const next = normals(seed);
  new Uint8Array(memory.buffer, tile, slotsPerBlock * (size + 4)).fill(0xff);
  for (let slot = from; slot < to; slot++) {
    new Float32Array(memory.buffer, head, size).set(Float32Array.from({ length: size }, next));
    kernels.storeSlot(element8Bit, tile, slot, head, size);
  }
  kernels.loadSlots(element8Bit, tile, from, to, size, widened);
  return new Float32Array(memory.buffer, widened, slotsPerBlock * size);
}

it('scores of an 8-bit tile are exact within the 14 bits of the query', async () => {
  const module = await start();
  const { kernels, memory } = module;
  fc.assert(
    fc.property(tiles, (setting) => {
      const { size, from, to, seed } = setting;
      const keys = fill(module, setting);
      const q = Float32Array.from({ length: size }, normals(seed + 1));
      new Float32Array(memory.buffer, query, size).set(q);
      const unit = kernels.encodeQuery(query, size * 4);
      kernels.scoreIntegers(query, unit, tile, from & ~3, (to + 3) & ~3, size, scores);
      const largest = Math.max(...q.map(Math.abs));
      for (let slot = from; slot < to; slot++) {
        const key = keys.subarray(slot * size, (slot + 1) * size);
        const expected = key.reduce((sum, k, i) => sum + k * q[i]!, 0);
        const bound = key.reduce((sum, k) => sum + Math.abs(k), 0) * largest * (0.51 / 16383 + 1e-6);
        expect(Math.abs(new Float32Array(memory.buffer, scores)[slot]! - expected)).toBeLessThanOrEqual(bound);
      }
    }),
  );
});

it('values of an 8-bit tile are mixed exactly within the 15 bits of the weights', async () => {
  const module = await start();
  const { kernels, memory } = module;
  fc.assert(
    fc.property(tiles, fc.double({ min: 0, max: 1, noNaN: true }), (setting, correction) => {
      const { size, from, to, seed } = setting;
      const values = fill(module, setting);
      const next = normals(seed + 2);
      const before = Float32Array.from({ length: size }, next);
      new Float32Array(memory.buffer, mixed, size).set(before);
      const weights = Float32Array.from({ length: slotsPerBlock }, () => Math.exp(next()));
      new Float32Array(memory.buffer, scores, slotsPerBlock).set(weights);
      const scales = new Float32Array(memory.buffer, tile, slotsPerBlock);
      let largest = 0;
      for (let slot = from; slot < to; slot++) largest = Math.max(largest, weights[slot]! * scales[slot]!);
      kernels.addIntegers(mixed, correction, scores, tile, from, to, size);
      const result = new Float32Array(memory.buffer, mixed, size);
      for (let i = 0; i < size; i++) {
        let expected = before[i]! * correction;
        for (let slot = from; slot < to; slot++) expected += weights[slot]! * values[slot * size + i]!;
        const bound = (to - from) * 127 * largest * (0.51 / 32767 + 1e-6) + 1e-5;
        expect(Math.abs(result[i]! - expected)).toBeLessThanOrEqual(bound);
      }
    }),
  );
});

it('a query of zeros and weights of zero give zeros', async () => {
  const module = await start();
  const { kernels, memory } = module;
  fill(module, { size: 20, from: 0, to: 6, seed: 3 });
  new Float32Array(memory.buffer, query, 20).fill(0);
  kernels.scoreIntegers(query, kernels.encodeQuery(query, 80), tile, 0, 8, 20, scores);
  expect([...new Float32Array(memory.buffer, scores, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
  new Float32Array(memory.buffer, scores, slotsPerBlock).fill(0);
  new Float32Array(memory.buffer, mixed, 20).fill(2);
  kernels.addIntegers(mixed, 0.5, scores, tile, 0, 6, 20);
  expect([...new Float32Array(memory.buffer, mixed, 20)]).toEqual(Array(20).fill(1));
});
