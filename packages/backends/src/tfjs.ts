import { checkOptionNames, type Engine, EngineUnavailableError, ParameterError } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import type { EngineStarter } from './engine-starter.ts';
import { installGPU } from './webgpu-in-node.ts';

export type TfjsBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

export interface TfjsOptions {
  readonly backend: TfjsBackend;
  /**
   * Where the browser finds the three .wasm files of @tensorflow/tfjs-backend-wasm: a folder, or a URL for each file. Default:
   * beside the script, as TF.js does. Node finds them by itself.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /** Most bytes that weights may take. Default: 4 GB on wasm, no limit elsewhere. */
  readonly memoryLimit?: number;
}

const backends: Readonly<Record<TfjsBackend, (options: TfjsOptions) => Promise<void>>> = {
  cpu: async () => void (await import('@tensorflow/tfjs-backend-cpu')),
  webgl: async () => void (await import('@tensorflow/tfjs-backend-webgl')),
  async wasm({ wasmPaths }) {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    if (wasmPaths !== undefined) setWasmPaths(wasmPaths as Parameters<typeof setWasmPaths>[0]);
  },
  async webgpu() {
    if ((await (await installGPU()).requestAdapter()) === null)
      throw new Error('no Vulkan, Metal or D3D12 adapter was found');
    await import('@tensorflow/tfjs-backend-webgpu');
  },
};

/**
 * The engine that runs every operation as public TensorFlow.js functions, on a backend of TensorFlow.js: exact, on any
 * machine, and several times slower than the hardware allows. Each backend is a package of its own
 * (@tensorflow/tfjs-backend-cpu …), of which only the one that is used must be installed. WebGPU in Node comes from the npm package `webgpu`.
 */
export function tfjs(options: TfjsOptions): EngineStarter {
  checkOptionNames('tfjs', options, ['backend', 'wasmPaths', 'memoryLimit']);
  const { backend, memoryLimit } = options;
  const provide = backends[backend];
  if (provide === undefined)
    throw new ParameterError('tfjs', 'backend', `one of ${Object.keys(backends).join(', ')}`, backend);
  const name = `tfjs ${backend}`;
  return {
    name,
    async start(): Promise<Engine> {
      try {
        await provide(options);
        return await referenceEngine({ backend, ...(memoryLimit === undefined ? {} : { memoryLimit }) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new EngineUnavailableError([{ engine: name, reason }], { cause: error });
      }
    },
  };
}
