import { type Engine, EngineUnavailableError } from '@tokenwright/core';
import type { EngineStarter } from './engine-starter.ts';
import type { WeightFormat, WeightOption } from './graph/weight-format.ts';
import type { OnNotice } from './notice.ts';

/** The engines that `bestEngine` knows by name. */
export type EngineName = 'fused-wasm' | 'fused-webgpu' | 'tfjs-wasm' | 'tfjs-webgpu' | 'tfjs-webgl' | 'tfjs-cpu';

export const engineNames: readonly EngineName[] = [
  'fused-wasm',
  'fused-webgpu',
  'tfjs-wasm',
  'tfjs-webgpu',
  'tfjs-webgl',
  'tfjs-cpu',
];

/** What a candidate is started with. */
export interface CandidateSetting {
  /** Number of parameters of the model; an estimate when unknown. */
  readonly parameters: number;
  /** The option as given: 'auto' is resolved when a model is loaded. */
  readonly weights: WeightOption;
  /** The resolved format, to check whether the model fits. */
  readonly format: WeightFormat;
  readonly threads: number | undefined;
  readonly onNotice: OnNotice;
  /** True when the caller named the engine. It then also starts on a software GPU driver. */
  readonly named: boolean;
}

/** An engine that may be started, or the reason why it is skipped. */
export interface Candidate {
  readonly starter: EngineStarter;
  /** Why the engine is skipped for this model. Absent when it should be tried. */
  readonly unsuited?: string;
}

/** WebAssembly memory ends at 4 GiB. The rest is for caches and activations. */
const wasmBytes = 2 ** 32;
const wasmReserve = 2 ** 28;

/** Bytes per parameter in the fused engines, scales included, rounded up. */
const bytesPerParameter: Readonly<Record<WeightFormat, number>> = {
  f32: 4,
  f16: 2.1,
  '8-bit': 1.15,
  '8-bit-blocks': 1.15,
  '4-bit-blocks': 0.66,
};

/** The candidate with a name, for a model. Loads nothing. */
export function candidateOf(name: EngineName, setting: CandidateSetting): Candidate {
  const { weights, threads, onNotice, named } = setting;
  if (name === 'fused-wasm')
    return candidate('fused wasm', wasmRefusal(setting), async () => {
      const { fusedWasm } = await import('./wasm/index.ts');
      return fusedWasm({ weights, onNotice, ...(threads !== undefined && { threads }) }).start();
    });
  if (name === 'fused-webgpu')
    return candidate('fused webgpu', threads === undefined ? undefined : 'it has no option `threads`', async () => {
      const { fusedWebgpu } = await import('./webgpu/index.ts');
      const engine = await fusedWebgpu({ weights, onNotice }).start();
      if (named || !engine.report().software) return engine;
      const { adapter } = engine.report();
      await engine.dispose();
      throw new EngineUnavailableError([
        { engine: 'fused webgpu', reason: `the only GPU is a software driver: ${adapter}` },
      ]);
    });
  const backend = name.slice('tfjs-'.length) as 'wasm' | 'webgpu' | 'webgl' | 'cpu';
  return candidate(`tfjs ${backend}`, tfjsRefusal(backend, setting), async () =>
    (await importTfjs(backend))({ backend, onNotice }).start(),
  );
}

function candidate(name: string, unsuited: string | undefined, start: () => Promise<Engine>): Candidate {
  return { starter: { name, start }, ...(unsuited !== undefined && { unsuited }) };
}

function wasmRefusal({ parameters, format }: CandidateSetting): string | undefined {
  const needed = parameters * bytesPerParameter[format];
  if (needed <= wasmBytes - wasmReserve) return undefined;
  const smaller = (['8-bit', '4-bit-blocks'] as const).find(
    (other) => parameters * bytesPerParameter[other] <= wasmBytes - wasmReserve,
  );
  const advice = smaller === undefined ? '' : `; weights: '${smaller}' would fit`;
  return `the model needs about ${gibibytes(needed)} with ${format} weights, and WebAssembly memory ends at 4 GiB${advice}`;
}

function tfjsRefusal(backend: string, { parameters, weights, threads }: CandidateSetting): string | undefined {
  if (weights !== 'auto' && weights !== 'f32') return `it holds weights as f32 only, not as ${weights}`;
  if (threads !== undefined) return 'it has no option `threads`';
  // TF.js keeps a second, packed copy of each matrix on wasm.
  const needed = parameters * 8;
  if (backend === 'wasm' && needed > wasmBytes)
    return `the model needs about ${gibibytes(needed)} there, and WebAssembly memory ends at 4 GiB`;
  return undefined;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/**
 * TF.js is not part of the fused engines' bundles, so bundlers must not resolve this import: the specifier is a
 * variable, with the comments that bundlers recognize. It resolves in Node, where the packages are installed.
 */
async function importTfjs(backend: string): Promise<typeof import('./tfjs/index.ts').tfjs> {
  const name = '@tokenwright/backends/tfjs';
  try {
    const module: typeof import('./tfjs/index.ts') = await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name
    );
    return module.tfjs;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineUnavailableError(
      [
        {
          engine: `tfjs ${backend}`,
          reason:
            `'${name}' is not loaded by name in a bundle: import { tfjs } from it, ` +
            `and give tfjs({ backend: '${backend}' }) in place of the name (${reason})`,
        },
      ],
      { cause: error },
    );
  }
}
