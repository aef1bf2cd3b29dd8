import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { enableProdMode, env } from '@tensorflow/tfjs-core';
import { type EngineStarter, selectEngine } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { FusedWasmEngine, fusedWasm } from '@tokenwright/backends/wasm';
import type { FusedWebgpuOptions } from '@tokenwright/backends/webgpu';
import type { Engine } from '@tokenwright/core';
import { type Candidate, engineOrder, type Machine } from '../engine-order.ts';
import type { EngineInfo } from '../protocol.ts';
import type { EngineChoice } from '../settings.ts';

const here = (url: string): string => new URL(url, import.meta.url).href;

const wasmPaths = {
  'tfjs-backend-wasm.wasm': here(plain),
  'tfjs-backend-wasm-simd.wasm': here(simd),
  // Asked for by name, but never used: see startWasm.
  'tfjs-backend-wasm-threaded-simd.wasm': here(simd),
};

const starters: Readonly<Record<Candidate['engine'], () => EngineStarter>> = {
  fused: () => fusedWasm(),
  'fused-8-bit': () => fusedWasm({ weights: '8-bit' }),
  'fused-webgpu': () => ({ name: 'fused webgpu', start: () => startFusedWebgpu({}) }),
  'fused-webgpu-8-bit': () => ({
    name: 'fused webgpu, 8-bit weights',
    start: () => startFusedWebgpu({ weights: '8-bit' }),
  }),
  webgpu: () => ({ name: 'tfjs webgpu', start: startWebgpu }),
  wasm: () => ({ name: 'tfjs wasm', start: startWasm }),
  cpu: () => tfjs({ backend: 'cpu' }),
};

/** On one thread: TensorFlow.js sends the source text of its module to its threads, and a minifier has made that text incomplete. */
async function startWasm(): Promise<Engine> {
  await import('@tensorflow/tfjs-backend-wasm');
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  return tfjs({ backend: 'wasm', wasmPaths }).start();
}

/** Loaded when it is asked for: the first visit does without. */
async function startFusedWebgpu(options: FusedWebgpuOptions): Promise<Engine> {
  const { fusedWebgpu } = await import('@tokenwright/backends/webgpu');
  return fusedWebgpu(options).start();
}

async function startWebgpu(): Promise<Engine> {
  await import('@tensorflow/tfjs-backend-webgpu');
  // Otherwise small operations run in JavaScript while the page waits for the GPU.
  env().set('WEBGPU_CPU_FORWARD', false);
  return tfjs({ backend: 'webgpu' }).start();
}

export interface StartedEngine {
  readonly engine: Engine;
  readonly choice: EngineChoice;
  readonly info: EngineInfo;
}

/** Start the engine that was asked for, or the best that starts. `bytes`: of the model that it is for. */
export async function startEngine(choice: EngineChoice, bytes: number): Promise<StartedEngine> {
  enableProdMode();
  const machine = await machineOf(bytes);
  const order: readonly Candidate[] =
    choice === 'auto' ? engineOrder(machine) : [{ engine: choice, reason: 'You asked for it.' }];
  const skipped: string[] = [];
  const tried = order.map(({ engine, reason }) => ({ starter: starters[engine](), reason }));
  const engine = await selectEngine(
    tried.map(({ starter }) => starter),
    { onSkipped: (name, reason) => void skipped.push(`${name}: ${reason.message}`) },
  );
  const { starter, reason } = tried[skipped.length]!;
  return {
    engine,
    choice,
    info: {
      name: starter.name,
      reason,
      skipped: skipped.slice(0, tried.length),
      threads: engine instanceof FusedWasmEngine ? engine.machine.threads : 1,
      isolated: machine.isolated,
    },
  };
}

async function machineOf(modelBytes: number): Promise<Machine> {
  const { crossOriginIsolated: isolated = false } = globalThis as { crossOriginIsolated?: boolean };
  return { isolated, modelBytes, gpu: await gpu() };
}

/** What kind of GPU WebGPU offers here. */
async function gpu(): Promise<Machine['gpu']> {
  const { navigator } = globalThis as unknown as { navigator: { gpu?: GPU } };
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    if (adapter === null || adapter === undefined) return 'none';
    const { architecture = '', description = '', isFallbackAdapter } = adapter.info;
    return isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(`${architecture} ${description}`)
      ? 'software'
      : 'hardware';
  } catch {
    return 'none';
  }
}
