import { tfjs } from '@tokenwright/backends/tfjs';
import { type FusedWasmOptions, fusedWasm } from '@tokenwright/backends/wasm';
import { engineCases } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import { type FusedWasmAnswer, logitsOnFusedWasm } from './fused-wasm-worker.ts';

/** The project of vitest.config.ts that runs this file. */
const pageKind = (import.meta as unknown as { env: { PAGE: 'isolated' | 'plain' | 'strict' } }).env.PAGE;

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

  test('runs on one thread, and reports it when more are requested', async () => {
    expect(await logitsOnFusedWasm({})).toMatchObject({ threads: 1, notices: [] });
    const notices: string[] = [];
    const engine = await fusedWasm({ threads: 2, onNotice: (message) => notices.push(message) }).start();
    expect(engine.threads).toBe(1);
    expect(engine.notices).toEqual(notices);
    expect(notices.join()).toMatch(
      /one thread, not 2: a page's main thread must not wait.*Start the engine in a Worker/s,
    );
    await engine.dispose();
  });
});

describe('the fused WebAssembly engine in a Worker', () => {
  test('gives the same bits on one thread and on two, and reports why there is one', async () => {
    const page = await logitsOnFusedWasm({ threads: 1 });
    const one = await inWorker({ threads: 1 });
    expect(one.logits).toEqual(page.logits);
    expect(one).toMatchObject({ shared: false, threads: 1, notices: [] });
    const two = await inWorker({ threads: 2 });
    expect(two.logits).toEqual(page.logits);
    const alone = (notice: RegExp): object => ({
      shared: false,
      threads: 1,
      notices: [expect.stringMatching(notice)],
    });
    const expected = {
      isolated: { shared: true, threads: 2, notices: [] },
      plain: alone(/one thread, not 2.*Cross-Origin-Opener-Policy/s),
      strict: alone(/one thread, not 2.*worker-src blob:/s),
    }[pageKind];
    expect({ ...two, logits: [] }).toEqual({ isolated: crossOriginIsolated, logits: [], ...expected });
  });

  test('reports whether its page is isolated', async () => {
    expect((await inWorker({ threads: 1 })).isolated).toBe(crossOriginIsolated);
  });
});
