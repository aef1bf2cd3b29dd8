import { type DrawKey, fillGumbelNoise, gumbelNoise, sampleToken, threefryBlock } from '@tokenwright/core/sampling';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../device/device.ts';
import { WebgpuMatrix } from '../logits/matrix.ts';
import { hasWebgpu } from '../testing/start.ts';
import type { Kernel } from './kernel.ts';
import { race } from './race.ts';

const here = await hasWebgpu();

const keys: readonly DrawKey[] = [
  [0, 0],
  [1, 2],
  [0xffffffff, 0xffffffff],
  [0x12345678, 0x9abcdef0],
  [0x80000000, 0x7fffffff],
];

describe.skipIf(!here)('the race in WGSL', () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.start('test', {});
  });
  afterAll(() => device?.dispose());

  /** What an expression of `pair`, x and y gives, as words. */
  async function words(inputs: readonly (readonly [number, number])[], expression: string): Promise<Uint32Array> {
    const kernel: Kernel = {
      label: 'test',
      bindings: ['write'],
      code: `@group(0) @binding(0) var<storage, read_write> values : array<vec2u>;
${race}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x < ${inputs.length}u) { let given = values[id.x]; values[id.x] = ${expression}; }
}`,
    };
    const bytes = inputs.length * 8;
    const buffer = device.storage('words', bytes);
    device.gpu.queue.writeBuffer(buffer, 0, Uint32Array.from(inputs.flat()));
    device.runOnce(kernel, [buffer], [Math.ceil(inputs.length / 64)]);
    const result = new Uint32Array(await device.read(buffer, [{ from: 0, bytes }]));
    device.release(buffer);
    return result;
  }

  it('has the bits of the host', async () => {
    const counters = Array.from({ length: 500 }, (_, i) => [i * 4_294_967, i & 1] as const);
    for (const key of keys) {
      const received = await words(counters, `threefry(vec2u(${key[0]}u, ${key[1]}u), given)`);
      expect([...received]).toEqual(counters.flatMap((counter) => [...threefryBlock(key, counter, 13)]));
    }
  });

  it('has the noise of the host, with float32 accuracy also in both tails', async () => {
    const high = Array.from({ length: 33 }, (_, bit) => 2 ** bit).flatMap((power) =>
      [power - 1, power, power + power / 3, 2 ** 32 - power, 2 ** 32 - 1 - power].map((word) => word >>> 0),
    );
    const inputs = high.flatMap((word, i) =>
      [0, 0xfff, 0x1000, 0xffffffff, i * 19_777_777].map((low) => [word, low >>> 0] as const),
    );
    const received = await words(
      inputs,
      'vec2u(bitcast<u32>(noiseOf(given.x, given.y)), bitcast<u32>(mostNoise(given.x)))',
    );
    const floats = new Float32Array(received.buffer);
    for (const [i, [word, low]] of inputs.entries()) {
      const exact = -Math.log(-Math.log1p(-(word * 2 ** 20 + (low >>> 12) + 0.5) / 2 ** 52));
      const what = `noise of ${word}, ${low}`;
      // Its own last bit, and at 1 the last bit of the exponential number.
      expect(Math.abs(floats[2 * i]! - exact), what).toBeLessThan(3e-7 + 2e-7 * Math.abs(exact));
      expect(floats[2 * i + 1]!, what).toBeGreaterThan(floats[2 * i]!);
    }
  });

  it.each([7, 256, 4_001, 70_000])('draws the tokens of the host from %i tokens', async (vocabSize) => {
    const spread = [0.5, 4, 30];
    const rows = keys.slice(0, spread.length).map((_, at) => {
      const noise = fillGumbelNoise([at, vocabSize], new Float32Array(vocabSize));
      return noise.map((value, id) => (id % 5 === 1 ? -Infinity : value * spread[at]!));
    });
    const matrix = WebgpuMatrix.make({ device, tensors: undefined }, 'logits', rows.length, vocabSize);
    rows.forEach((row, at) => {
      device.gpu.queue.writeBuffer(matrix.buffer, at * vocabSize * 4, row);
    });
    for (let draw = 0; draw < 30; draw++) {
      const given = rows.map((_, at): DrawKey => [draw, at]);
      const chosen = await matrix.choose(given);
      for (const [at, row] of rows.entries()) {
        const expected = sampleToken(row, given[at]!);
        if (chosen[at] === expected) continue;
        const sum = (id: number): number => row[id]! + gumbelNoise(given[at]!, id);
        // Only rounding may decide otherwise.
        expect(sum(expected) - sum(chosen[at]!)).toBeLessThan(2e-6 * (1 + Math.abs(sum(expected))));
      }
    }
    matrix.dispose();
  });
});
