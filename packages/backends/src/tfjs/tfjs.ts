import { type Engine, EngineUnavailableError, ParameterError } from '@tokenwright/core';
import { checkFunction, checkNumber, checkString, readOptions, readRecord } from '@tokenwright/core/options';
import type { EngineStarter } from '../engine-starter.ts';
import { type OnNotice, printNotice } from '../notice.ts';
import { installGPU } from '../webgpu-in-node.ts';
import { importCore, importCpu, importReference, importWasm, importWebgl, importWebgpu } from './packages.ts';

/** A backend of TensorFlow.js, from the package `@tensorflow/tfjs-backend-<name>`. */
export type TfjsBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** Options of {@link tfjs}. */
export interface TfjsOptions {
  readonly backend: TfjsBackend;
  /**
   * Where a browser finds the three .wasm files of @tensorflow/tfjs-backend-wasm: a folder, or a URL per file. Default:
   * next to the script, as in TF.js. Node needs no path.
   */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
  /** Maximum number of bytes for weights. Default: 4 GiB on wasm, no limit on other backends. */
  readonly memoryLimit?: number;
  /** Called with one sentence when the engine runs slower than it should. Default: `console.warn`, once per message. */
  readonly onNotice?: OnNotice;
}

const backends: Readonly<Record<TfjsBackend, (options: TfjsOptions) => Promise<void>>> = {
  cpu: async () => void (await importCpu()),
  webgl: async () => void (await importWebgl()),
  async wasm({ wasmPaths }) {
    const { setWasmPaths } = await importWasm();
    if (wasmPaths !== undefined) setWasmPaths(wasmPaths as Parameters<typeof setWasmPaths>[0]);
  },
  async webgpu() {
    if ((await (await installGPU()).requestAdapter()) === null)
      throw new Error('no Vulkan, Metal or D3D12 adapter was found');
    await importWebgpu();
  },
};

/**
 * The engine that runs every operation as public TensorFlow.js functions: exact, available everywhere, and several times slower than
 * the fused engines. Install `@tensorflow/tfjs-core` and the package of the backend; WebGPU in Node also needs the package `webgpu`.
 * The backend that the application has selected in TF.js stays selected.
 *
 * `start()` rejects with an EngineUnavailableError when a package is missing (the message has the install command) or the backend does
 * not start on this machine.
 *
 * @throws ParameterError for an unknown backend, UnknownOptionError for an unknown option.
 *
 * @example
 * ```ts
 * import { tfjs } from '@tokenwright/backends/tfjs';
 *
 * const engine = await tfjs({ backend: 'wasm' }).start();
 * ```
 */
export function tfjs(given: TfjsOptions): EngineStarter {
  const options = readOptions('tfjs', given, ['backend', 'wasmPaths', 'memoryLimit', 'onNotice']);
  const { backend, wasmPaths, memoryLimit, onNotice = printNotice } = options;
  checkFunction('tfjs', 'onNotice', onNotice);
  if (memoryLimit !== undefined)
    checkNumber('tfjs', 'memoryLimit', memoryLimit, 'a number of bytes above 0', (bytes) => bytes > 0);
  if (wasmPaths !== undefined && typeof wasmPaths !== 'string')
    for (const [name, path] of Object.entries(readRecord('tfjs', wasmPaths, 'wasmPaths')))
      checkString('tfjs', `wasmPaths: ${name}`, path);
  if (typeof backend !== 'string' || !Object.hasOwn(backends, backend))
    throw new ParameterError('tfjs', 'backend', `one of ${Object.keys(backends).join(', ')}`, backend);
  const name = `tfjs ${backend}`;
  return {
    name,
    async start(): Promise<Engine> {
      try {
        const packageName = `@tensorflow/tfjs-backend-${backend}`;
        const { referenceEngine, settleBackend } = await importReference(packageName);
        const { findBackendFactory } = await importCore(packageName);
        // A backend that the application has registered may start as soon as TF.js settles, so its paths come first. Another one is
        // imported afterwards, because the import may change the backend that TF.js prefers.
        const isRegistered = findBackendFactory(backend) !== null;
        if (isRegistered) await backends[backend](options);
        await settleBackend();
        if (!isRegistered) await backends[backend](options);
        return await referenceEngine({ backend, onNotice, ...(memoryLimit === undefined ? {} : { memoryLimit }) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new EngineUnavailableError([{ engine: name, reason }], { cause: error });
      }
    },
  };
}
