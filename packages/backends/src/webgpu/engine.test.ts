import { describe, expect, it } from 'vitest';
import { load, logitsOf } from '../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2, tinyLlama } from '../wasm/testing/tiny-models.ts';
import type { FusedWebgpuEngine } from './index.ts';
import { hasWebgpu, loseDevice, startWebgpu } from './testing/start.ts';

const here = await hasWebgpu();
/** On a software driver the kernels of the default take four times as long to compile. */
const quickly = { batchInvariant: false };
const gpt2 = tinyGPT2({ layers: 2, width: 32, intermediateSize: 64 }) as TinyModel;
const llama = tinyLlama({ layers: 2 }) as TinyModel;

describe.skipIf(!here)('steps', () => {
  it('of 12 layers run at most 100 kernels, and create no buffer', async () => {
    const engine = await startWebgpu(quickly);
    const model = await load(engine, tinyGPT2({ layers: 12, width: 32, intermediateSize: 64 }) as TinyModel);
    const cache = model.createCache();
    const step = async (): Promise<void> => {
      const { logits } = model.forward([[1]], cache);
      await logits.choose!([[1, 2]]);
      logits.dispose();
    };
    await step();
    await step();
    const before = engine.report();
    for (let i = 0; i < 5; i++) await step();
    const after = engine.report();
    expect(after.buffersCreated).toBe(before.buffersCreated);
    expect((after.dispatches - before.dispatches) / 5).toBeLessThanOrEqual(100);
    await engine.dispose();
  });
});

describe.skipIf(!here)('a device that is lost', () => {
  it('is a typed error, and another engine can be started', async () => {
    const engine: FusedWebgpuEngine = await startWebgpu(quickly);
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    model.forward([[1]], cache).dispose();
    await loseDevice(engine);
    expect(() => model.forward([[3]], cache)).toThrow(/device was lost/);
    await expect(load(engine, llama)).rejects.toThrow(/device was lost/);
    cache.dispose();
    await engine.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    const next = await startWebgpu(quickly);
    expect(await logitsOf(await load(next, gpt2), [1, 2], 1)).toHaveLength(2);
    await next.dispose();
  });
});
