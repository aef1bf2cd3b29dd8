import { enableProdMode, env } from '@tensorflow/tfjs-core';
import { selectEngine } from '@tokenwright/backends';
import { type TfjsBackend, tfjs } from '@tokenwright/backends/tfjs';
import type { Engine } from '@tokenwright/core';
import { openGpu } from '../limits/gpu.ts';

/** An engine with a weight format and a number of threads, ready to be started. */
export interface EngineChoice {
  readonly engine: string;
  readonly format: string;
  readonly threads: number;
  start(): Promise<Engine>;
}

/** Plain TensorFlow.js operations, single-threaded: the baseline of all comparisons. */
export function plain(backend: TfjsBackend): EngineChoice {
  // Silences the line that TensorFlow.js prints in Node.
  enableProdMode();
  return {
    engine: `tfjs ${backend}`,
    format: 'f32',
    threads: 1,
    async start() {
      const engine = await selectEngine([tfjs({ backend })]);
      // Otherwise small operations run in JavaScript.
      if (backend === 'webgpu') env().set('WEBGPU_CPU_FORWARD', false);
      return engine;
    },
  };
}

/**
 * The engines of this library besides plain TensorFlow.js, in every format, that this machine can run. WebGPU is included only on
 * real hardware, since the speed of a software driver is meaningless.
 *
 * @param threads numbers of threads to list for multithreaded engines.
 */
export async function fusedEngines(threads: readonly number[] = [1, 2]): Promise<EngineChoice[]> {
  return [...(await fusedWasm(threads)), ...(await webgpuEngines())];
}

/** The engine whose label contains the text, or all without one. */
export function matching(choices: readonly EngineChoice[], text: string | undefined): EngineChoice[] {
  return choices.filter((choice) => text === undefined || label(choice).includes(text));
}

/** For headings and for `--engine`: 'fused wasm 8-bit 2 threads'. */
export function label({ engine, format, threads }: Omit<EngineChoice, 'start'>): string {
  return `${engine} ${format} ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

const formats = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

type Start = (options: Readonly<Record<string, unknown>>) => Engine | Promise<Engine> | { start(): Promise<Engine> };

/** Start what a factory makes: an engine, or something that `selectEngine` would start. */
async function started(made: ReturnType<Start>): Promise<Engine> {
  const engine = await made;
  return 'start' in engine ? engine.start() : engine;
}

async function fusedWasm(threads: readonly number[]): Promise<EngineChoice[]> {
  const start = await factory('@tokenwright/backends/wasm', 'fusedWasm');
  if (start === undefined) return [];
  return threads.flatMap((count) =>
    formats.map((format) => ({
      engine: 'fused wasm',
      format,
      threads: count,
      start: () => started(start({ weights: format, threads: count })),
    })),
  );
}

async function webgpuEngines(): Promise<EngineChoice[]> {
  const gpu = await openGpu();
  if (gpu === undefined || gpu.software) return [];
  return [plain('webgpu'), ...(await fusedWebgpu())];
}

/** The fused WebGPU engine in every format, on any driver. */
export async function fusedWebgpu(): Promise<EngineChoice[]> {
  const start = await factory('@tokenwright/backends/webgpu', 'fusedWebgpu');
  if (start === undefined) return [];
  return formats.map((format) => ({
    engine: 'fused webgpu',
    format,
    threads: 1,
    start: () => started(start({ weights: format })),
  }));
}

/** A function by its name, or undefined when the module does not exist. */
async function factory(module: string, name: string): Promise<Start | undefined> {
  try {
    return ((await import(module)) as Record<string, Start | undefined>)[name];
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' || code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
