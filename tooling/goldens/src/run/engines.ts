import type { EngineStarter } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { fusedWebgpu } from '@tokenwright/backends/webgpu';

/** Engines of whole models, by the name on the command line. */
export const goldenEngines = {
  wasm: tfjs({ backend: 'wasm' }),
  cpu: tfjs({ backend: 'cpu' }),
  fused: fusedWasm(),
  'fused-webgpu': fusedWebgpu(),
} satisfies Readonly<Record<string, EngineStarter>>;

export type GoldenEngine = keyof typeof goldenEngines;
