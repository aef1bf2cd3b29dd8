import { describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { load, logitsOf } from '../../wasm/testing/logits.ts';
import { type TinyModel, tinyLlama } from '../../wasm/testing/tiny-models.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { fewTokensKernel, type LinearShape, manyTokensKernel } from '../shaders/linear.ts';
import { matrixLayout } from '../shaders/matrix-layout.ts';
import { embedKernel } from '../shaders/rows.ts';
import { hasWebgpu, startWebgpu } from '../testing/start.ts';
import { halvesAreRight, halvesKernel } from './abilities.ts';
import { Device } from './device.ts';

/** Must outlive its devices. */
const nothing = create(['backend=null']);
const here = await hasWebgpu();
const llama = tinyLlama({ layers: 1 }) as TinyModel;

describe.skipIf(!here)('half precision', () => {
  it('passes the known-answer test without the feature', async () => {
    const device = await Device.start('a test', {});
    expect(await halvesAreRight(device, false)).toBe(true);
    const { halves } = halvesKernel(false);
    expect(new Set(halves).size).toBe(64);
    device.dispose();
  });

  it('native: equals the logits without the feature, or reports the missing feature', async () => {
    const twin = await startWebgpu({ weights: 'f16', float16: false });
    expect(twin.report().float16).toBe(false);
    const plain = await logitsOf(await load(twin, llama), [1, 2, 3, 4, 5], 1);
    await twin.dispose();
    const engine = await startWebgpu({ weights: 'f16' });
    const { float16, adapter } = engine.report();
    if (float16) {
      for (const frame of [1, 5])
        expect(await logitsOf(await load(engine, llama), [1, 2, 3, 4, 5], frame)).toEqual(plain);
    } else {
      process.stderr.write(`\n*** SKIPPED: half precision natively: ${adapter} lacks shader-f16\n\n`);
      await expect(startWebgpu({ weights: 'f16', float16: true })).rejects.toThrow(/shader-f16 was requested/);
    }
    await engine.dispose();
  });
});

// Dawn's null backend executes nothing, but it validates shaders as a device with every feature does.
describe('kernels with native half precision', async () => {
  const adapter = await nothing.requestAdapter();
  const gpu = await adapter!.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
  const layout = matrixLayout('f16', 24, 40);
  const shape: LinearShape = {
    layout,
    halves: true,
    gated: true,
    norm: 'rms',
    normBias: false,
    epsilon: 1e-5,
    bias: false,
    activation: 'silu',
    residual: false,
    maxTokens: 16,
    counted: 'tokens',
  };
  const abilities = { subgroups: true, float16: true };
  it.each<[string, Kernel]>([
    ['the known answer', halvesKernel(true).kernel],
    ['one token', fewTokensKernel(shape, 1, abilities)],
    ['few tokens', fewTokensKernel({ ...shape, gated: false }, 4, { ...abilities, subgroups: false })],
    ['many tokens', manyTokensKernel(shape)],
    ['embeddings', embedKernel(layout, true, 1, false, 16)],
  ])('%s: compiles', async (_, { code }) => {
    expect(code).toContain('vec4<f16>');
    const { messages } = await gpu.createShaderModule({ code }).getCompilationInfo();
    expect(messages.map(({ message }) => message)).toEqual([]);
  });
});
