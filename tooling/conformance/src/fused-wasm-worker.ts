/** Runs a tiny model on the fused engine inside a Worker, as a page would. */
import { type FusedWasmOptions, fusedWasm } from '@tokenwright/backends/wasm';
import { createModel } from '@tokenwright/core/model';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';

/** The answer of the worker. */
export interface FusedWasmAnswer {
  readonly isolated: boolean;
  readonly shared: boolean;
  readonly threads: number;
  readonly notices: readonly string[];
  /** Logits of three steps of each tiny model, concatenated. */
  readonly logits: readonly number[];
}

/** Long enough that several threads are used. */
const prompt = Array.from({ length: 80 }, (_, i) => (i * 7) % 61);

/** The logits of a prompt and of two more tokens, by each of the tiny models, with facts about the engine. */
export async function logitsOnFusedWasm(options: FusedWasmOptions): Promise<FusedWasmAnswer> {
  const engine = await fusedWasm({ ...options, onNotice: () => {} }).start();
  const logits: number[] = [];
  for (const { architecture, config } of tinyModels) {
    const model = await createModel(engine, architecture, config, seededWeights(architecture, config));
    const cache = model.createCache();
    for (const ids of [prompt, [6], [7]]) {
      const result = model.forward([ids], cache);
      logits.push(...(await result.logits.read()));
      result.dispose();
    }
    cache.dispose();
    model.dispose();
  }
  const { threads, notices } = engine;
  const { heap } = engine.machine;
  const shared = typeof SharedArrayBuffer !== 'undefined' && heap.views.buffer instanceof SharedArrayBuffer;
  await engine.dispose();
  const { crossOriginIsolated: isolated = false } = globalThis as { crossOriginIsolated?: boolean };
  return { isolated, shared, threads, notices, logits };
}

const scope = globalThis as { document?: unknown; onmessage?: unknown; postMessage?: (message: unknown) => void };
if (scope.document === undefined)
  scope.onmessage = async ({ data }: MessageEvent<FusedWasmOptions>) => {
    const answer = await logitsOnFusedWasm(data).catch((error: Error) => ({
      error: `${error.name}: ${error.message}`,
    }));
    scope.postMessage!(answer);
  };
