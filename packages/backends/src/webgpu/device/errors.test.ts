import { DeviceLostError, EngineUnavailableError, MemoryLimitError } from '@tokenwright/core';
import { type GPT2Config, t5 } from '@tokenwright/core/architectures';
import type { WeightSource } from '@tokenwright/core/engine';
import { createSequenceToSequence } from '@tokenwright/core/model';
import { seededWeights } from '@tokenwright/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { load } from '../../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2, tinyLlama } from '../../wasm/testing/tiny-models.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { PagedStore } from '../cache/paged-store.ts';
import { type FusedWebgpuEngine, fusedWebgpu } from '../index.ts';
import { cacheLayout } from '../shaders/attend.ts';
import { hasWebgpu, loseDevice, startWebgpu } from '../testing/start.ts';
import { Device } from './device.ts';

const here = await hasWebgpu();
const nothing = { bytes: 0, buffers: 0 };
const small = tinyGPT2({ layers: 1, width: 8, heads: 2, intermediateSize: 8 }) as TinyModel;

let gpu: GPU | undefined;
afterEach(() => void vi.unstubAllGlobals());

/** A model that has shapes but throws when a weight is read. */
function unread({
  architecture,
  config,
}: Pick<TinyModel, 'architecture' | 'config'>): TinyModel & { read: WeightSource['read'] } {
  const read = vi.fn<WeightSource['read']>(() => Promise.reject(new Error('read')));
  return { name: 'unread', architecture, config, read, source: { ...seededWeights(architecture, config), read } };
}

function giant(vocabSize: number): ReturnType<typeof unread> {
  const { architecture, config } = small as TinyModel<GPT2Config>;
  return unread({ architecture, config: { ...config, vocabSize, width: 64 } } as TinyModel);
}

/** The error that a promise rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('nothing failed'),
    (error: unknown) => error,
  );
}

/** The adapter of this machine with no features and only the guaranteed limits. */
async function leastAdapter(): Promise<object> {
  // The Dawn instance must outlive its devices.
  gpu ??= (await import('webgpu')).create([]) as GPU;
  const adapter = (await gpu.requestAdapter())!;
  return {
    features: new Set(),
    limits: {},
    info: adapter.info,
    requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  };
}

async function startOnLeastDevice(subgroups?: boolean): Promise<FusedWebgpuEngine> {
  vi.stubGlobal('navigator', { gpu: { requestAdapter: leastAdapter } });
  return startWebgpu({ weights: '4-bit-blocks', ...(subgroups === undefined ? {} : { subgroups }) });
}

describe.skipIf(!here)('an allocation larger than any buffer', () => {
  it('a weight: is reported with both numbers before anything is read', async () => {
    const engine = await startWebgpu();
    const model = giant(2 ** 32 / 64);
    const error = await failureOf(load(engine, model));
    expect(error).toBeInstanceOf(MemoryLimitError);
    expect(error).toMatchObject({ needed: 2 ** 34 });
    expect((error as MemoryLimitError).available).toBeGreaterThanOrEqual(2 ** 27);
    expect((error as MemoryLimitError).available).toBeLessThan(2 ** 34);
    expect(String(error)).toMatch(/wte\.weight, as one buffer on .*, needs 17179869184 bytes, but \d+ are available/);
    expect(model.read).not.toHaveBeenCalled();
    expect(engine.memory()).toEqual(nothing);
    (await load(engine, small)).dispose();
    await engine.dispose();
  });

  it('activations, and the tables of the cache: likewise, on a device with the guaranteed limits only', async () => {
    const engine = await startOnLeastDevice();
    const { architecture, config: narrow } = tinyLlama({
      layers: 1,
      width: 8,
      heads: 1,
      kvHeads: 1,
      headDim: 8,
      intermediateSize: 8,
    });
    const wide = { architecture, config: { ...narrow, intermediateSize: 2 ** 18 } };
    const model = unread(wide as TinyModel);
    const error = await failureOf(load(engine, model));
    expect(error).toBeInstanceOf(MemoryLimitError);
    expect(error).toMatchObject({ available: 2 ** 27 });
    expect((error as MemoryLimitError).needed).toBeGreaterThanOrEqual(2 ** 28);
    expect(String(error)).toMatch(/: activations, as one buffer/);
    expect(model.read).not.toHaveBeenCalled();

    const config = t5.configure({
      is_encoder_decoder: true,
      n_positions: 2 ** 22,
      d_model: 8,
      d_kv: 8,
      d_ff: 8,
      num_layers: 1,
      num_heads: 1,
    });
    const read = vi.fn<WeightSource['read']>();
    const source = { ...seededWeights(t5, config), read };
    const long = await failureOf(createSequenceToSequence(engine, t5, config, source));
    expect(long).toBeInstanceOf(MemoryLimitError);
    expect(String(long)).toMatch(/: tables of the cache, as one buffer on .*, needs \d+ bytes, but 134217728 are/);
    expect(read).not.toHaveBeenCalled();
    expect(engine.memory()).toEqual(nothing);
    await engine.dispose();
  });
});

describe.skipIf(!here)('a cache that outgrows the largest buffer', () => {
  it('is rejected with both numbers, and stays usable', async () => {
    vi.stubGlobal('navigator', { gpu: { requestAdapter: leastAdapter } });
    const device = await Device.start('test', {});
    // A block is 64 MiB.
    const pool = new BlockPool(device, cacheLayout('f32', { layers: 1, kvHeads: 64, headDim: 4096 }));
    const store = new PagedStore(pool, 2);
    store.reserve(0, 40);
    store.grown(0, 40);
    expect(() => store.reserve(1, 1)).toThrow(MemoryLimitError);
    expect(() => store.reserve(1, 1)).toThrow('The KV cache needs 201326592 bytes, but 134217728 are available.');
    expect([store.length(0), store.length(1), store.bytes]).toEqual([40, 0, 2 ** 27]);
    store.truncate([20, 0]);
    store.reserve(1, 1);
    store.dispose();
    pool.dispose();
    expect(device.bytes).toBe(0);
    device.dispose();
  });
});

describe.skipIf(!here)('out of memory', () => {
  it('is reported with both numbers before anything is read, and everything is released', async () => {
    const engine = await startWebgpu();
    // A software driver grants less than its largest buffer; the behavior of graphics cards has not been measured.
    if (engine.report().software) {
      const model = giant(2 ** 22);
      const error = await failureOf(load(engine, model));
      expect(error).toBeInstanceOf(MemoryLimitError);
      const { needed, available } = error as MemoryLimitError;
      expect(needed).toBeGreaterThan(2 ** 30);
      expect(available).toBeLessThan(needed);
      expect(model.read).not.toHaveBeenCalled();
      expect(engine.memory()).toEqual(nothing);
      (await load(engine, small)).dispose();
    }
    await engine.dispose();
  });
});

describe.skipIf(!here)('out of memory during work', () => {
  it('is a typed error for every later call', async () => {
    const device = await Device.start('test', {});
    if (device.software) {
      device.storage('a cache that grows', device.largestBuffer);
      await device.gpu.queue.onSubmittedWorkDone();
      expect(() => device.check()).toThrow(MemoryLimitError);
      expect(() => device.check()).toThrow(/needs 1073741824 bytes, but 0 are available/);
    }
    device.dispose();
  });
});

describe.skipIf(!here)('a load that fails', () => {
  it.each([
    ['is aborted', (_engine: FusedWebgpuEngine, abort: AbortController) => abort.abort(new Error('enough')), /enough/],
    [
      'cannot read',
      () => {
        throw new Error('unreadable');
      },
      /unreadable/,
    ],
    ['loses the device', (engine: FusedWebgpuEngine) => loseDevice(engine), /device was lost/],
  ] as const)('because it %s releases everything', async (_name, happens, message) => {
    const engine = await startWebgpu();
    const abort = new AbortController();
    let reads = 0;
    const source: WeightSource = {
      ...small.source,
      async read(name) {
        if (++reads === 3) await happens(engine, abort);
        return small.source.read(name);
      },
    };
    const { architecture, config } = small;
    const error = await failureOf(engine.prepare(architecture, config, source, { signal: abort.signal }));
    expect(String(error)).toMatch(message);
    expect(error instanceof DeviceLostError).toBe(message.source.includes('lost'));
    expect(engine.memory()).toEqual(nothing);
    await engine.dispose();
  });
});

describe.skipIf(!here)('a feature or an adapter that is missing', () => {
  it('subgroups: are not used where they are missing, and an error when required', async () => {
    const engine = await startOnLeastDevice();
    expect(engine.report().subgroups).toBe(false);
    (await load(engine, small)).dispose();
    await engine.dispose();
    const error = await failureOf(startOnLeastDevice(true));
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toMatch(/fused webgpu, 4-bit-blocks weights \(subgroups was requested/);
  });

  it.each([
    ['no adapter', async () => null, /no Vulkan, Metal or D3D12 adapter/],
    ['an adapter that fails', () => Promise.reject(new Error('driver crashed')), /driver crashed/],
    [
      'a device that fails',
      async () => ({ features: [], limits: {}, info: {}, requestDevice: () => Promise.reject(new Error('no device')) }),
      /no device/,
    ],
  ])('%s: names the engine and the reason', async (_name, requestAdapter, message) => {
    vi.stubGlobal('navigator', { gpu: { requestAdapter } });
    const error = await failureOf(fusedWebgpu().start());
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toMatch(/fused webgpu \(/);
    expect(String(error)).toMatch(message);
  });
});
