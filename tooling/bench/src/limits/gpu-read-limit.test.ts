import { expect, it } from 'vitest';
import { openGpu } from './gpu.ts';
import { GpuReadLimit } from './gpu-read-limit.ts';

const gpu = await openGpu(true);
if (gpu === undefined) {
  const line = 'WebGPU in Node is not available: on Debian, apt-get install chromium libvulkan1.';
  if (process.env.CI) throw new Error(line);
  process.stderr.write(`\n*** SKIPPED: ${line}\n\n`);
}

it.skipIf(gpu === undefined)('reads the whole buffer in each pass, checked by the sum', async () => {
  const limit = await GpuReadLimit.open(gpu!, 2 ** 24);
  expect(limit.bytes).toBe(2 ** 24);
  // `measure` throws when a word was skipped.
  expect(await limit.measure(1)).toBeGreaterThan(0);
  expect(await limit.measure(3)).toBeGreaterThan(0);
  limit.close();
});
