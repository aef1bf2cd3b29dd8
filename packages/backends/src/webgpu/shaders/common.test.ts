import { describe, expect, it } from 'vitest';
import { Device } from '../device/device.ts';
import { hasWebgpu } from '../testing/start.ts';
import { activations, exponential } from './common.ts';
import type { Kernel } from './kernel.ts';

const here = await hasWebgpu();

/** Evaluates WGSL on numbers. */
async function onDevice(numbers: readonly number[], functions: string, expression: string): Promise<Float32Array> {
  const device = await Device.start('test', {});
  const kernel: Kernel = {
    label: 'test',
    bindings: ['write'],
    code: `@group(0) @binding(0) var<storage, read_write> x : array<f32>;
${functions}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x < ${numbers.length}u) { x[id.x] = ${expression}; }
}`,
  };
  const bytes = numbers.length * 4;
  const buffer = device.storage('numbers', bytes);
  try {
    device.gpu.queue.writeBuffer(buffer, 0, Float32Array.from(numbers));
    device.runOnce(kernel, [buffer], [Math.ceil(numbers.length / 64)]);
    return new Float32Array(await device.read(buffer, [{ from: 0, bytes }]));
  } finally {
    device.dispose();
  }
}

describe.skipIf(!here)('WGSL functions', () => {
  it('exponential is accurate to the last bits in the range of attention', async () => {
    const numbers = Array.from({ length: 8700 }, (_, i) => Math.fround(-i / 100));
    const received = await onDevice([...numbers, -88, -1000, -1e30], exponential, 'exponential(x[id.x])');
    for (const [i, x] of numbers.entries()) {
      const error = Math.abs(received[i]! / Math.exp(x) - 1);
      expect(error, `exp(${x})`).toBeLessThan(2.5e-7);
    }
    expect([...received.slice(-3)]).toEqual([0, 0, 0]);
    expect(received[0]).toBe(1);
  });

  it('gelu matches its definition', async () => {
    const numbers = Array.from({ length: 400 }, (_, i) => (i - 200) / 25);
    const received = await onDevice(numbers, activations, 'act_gelu(x[id.x])');
    for (const [i, x] of numbers.entries())
      expect(Math.abs(received[i]! - x * normalShare(x)), `gelu(${x})`).toBeLessThan(1e-6);
  });
});

/** Share of a normal distribution below x, by Simpson's rule. */
function normalShare(x: number): number {
  const [steps, from] = [2000, -12];
  const width = (x - from) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}
