import { type BestEngineOptions, bestEngine, type EngineStarter } from '@tokenwright/backends';
import type { Engine } from '@tokenwright/core';
import type { ModelInspection } from '@tokenwright/loaders';
import type { EngineInfo } from '../protocol.ts';
import type { EngineChoice } from '../settings.ts';

export interface StartedEngine {
  readonly engine: Engine;
  readonly choice: EngineChoice;
  readonly info: EngineInfo;
}

/** Loaded with the first engine of TensorFlow.js; the fused engines do without. */
let tensorflow: typeof import('./tfjs.ts') | undefined;

function tfjs(backend: 'wasm' | 'webgpu' | 'cpu'): EngineStarter {
  return {
    name: `tfjs ${backend}`,
    async start() {
      tensorflow ??= await import('./tfjs.ts');
      return tensorflow.startTfjs(backend);
    },
  };
}

/** What each choice asks of {@link bestEngine}, which holds the policy. */
const requests: Readonly<Record<EngineChoice, Partial<BestEngineOptions>>> = {
  auto: { fallbacks: [tfjs('wasm'), tfjs('cpu')] },
  fused: { candidates: ['fused-wasm'] },
  'fused-8-bit': { candidates: ['fused-wasm'], weights: '8-bit' },
  'fused-webgpu': { candidates: ['fused-webgpu'] },
  'fused-webgpu-8-bit': { candidates: ['fused-webgpu'], weights: '8-bit' },
  webgpu: { candidates: [tfjs('webgpu')] },
  wasm: { candidates: [tfjs('wasm')] },
  cpu: { candidates: [tfjs('cpu')] },
};

/**
 * Start the engine that was chosen, or the best one for a model.
 */
export async function startEngine(
  choice: EngineChoice,
  { bytes, parameters }: Pick<ModelInspection, 'bytes' | 'parameters'>,
): Promise<StartedEngine> {
  const { engine, report } = await bestEngine({
    modelBytes: bytes,
    parameters,
    // The page shows the notices of the report.
    onNotice: () => {},
    ...requests[choice],
  });
  return { engine, choice, info: report };
}

/** Live tensors of TensorFlow.js, 0 while it is not loaded. */
export function liveTensors(): number {
  return tensorflow?.liveTensors() ?? 0;
}
