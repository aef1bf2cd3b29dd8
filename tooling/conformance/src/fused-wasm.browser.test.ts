import { tfjs } from '@tokenwright/backends/tfjs';
import { type FusedWasmOptions, fusedWasm } from '@tokenwright/backends/wasm';
import { EngineUnavailableError, UnsupportedError } from '@tokenwright/core';
import { engineCases } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import { type FusedWasmAnswer, logitsOnFusedWasm } from './fused-wasm-worker.ts';

function inWorker(options: FusedWasmOptions): Promise<FusedWasmAnswer> {
  const worker = new Worker(new URL('./fused-wasm-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<FusedWasmAnswer>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data));
    worker.postMessage(options);
  }).finally(() => worker.terminate());
}

describe('the fused WebAssembly engine in a page', () => {
  const judge = () => tfjs({ backend: 'cpu' }).start();
  for (const { name, run } of engineCases(() => fusedWasm().start(), { judge, longRun: 100 })) test(name, run);

  test('takes one thread, and refuses several with what to do instead', async () => {
    const { threads } = await logitsOnFusedWasm({});
    expect(threads).toBe(1);
    const error = await fusedWasm({ threads: 2 })
      .start()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).not.toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toMatch(/main thread.*Start the engine in a Worker/s);
  });
});

describe('the fused WebAssembly engine in a Worker', () => {
  test('gives the same bits on one thread and on two', async () => {
    const page = await logitsOnFusedWasm({ threads: 1 });
    const one = await inWorker({ threads: 1 });
    expect(one.logits).toEqual(page.logits);
    expect(one.shared).toBe(false);
    if (!one.isolated) {
      await expect(inWorker({ threads: 2 })).rejects.toThrow(/without shared memory.*Cross-Origin-Opener-Policy/s);
      expect((await inWorker({})).threads).toBe(1);
      return;
    }
    const two = await inWorker({ threads: 2 });
    expect({ ...two, logits: [] }).toEqual({ isolated: true, shared: true, threads: 2, logits: [] });
    expect(two.logits).toEqual(page.logits);
  });

  test('knows whether its page is isolated', async () => {
    expect((await inWorker({})).isolated).toBe(crossOriginIsolated);
  });
});
