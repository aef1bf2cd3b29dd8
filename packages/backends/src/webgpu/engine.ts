import {
  type Architecture,
  checkOptionNames,
  DisposedError,
  type EncoderDecoderArchitecture,
  type Engine,
  type EngineMemory,
  type Executable,
  ParameterError,
  type PrepareOptions,
  type WeightSource,
} from '@tokenwright/core';
import type { EngineStarter } from '../engine-starter.ts';
import { type CacheElement, cacheElements } from '../wasm/block-pool.ts';
import { type WeightFormat, weightFormats } from '../wasm/formats.ts';
import { Device } from './device.ts';
import { WebgpuExecutable } from './executable.ts';

export interface FusedWebgpuOptions {
  /** How matrices are held. Default 'f32': the numbers of the checkpoint. */
  readonly weights?: WeightFormat;
  /** How 'preallocated' and 'window' caches hold numbers. Default 'f32'. */
  readonly cache?: CacheElement;
  /** Add up over subgroups. Default: where the device has them and a known-answer test passes; false: never. */
  readonly subgroups?: boolean;
}

/** The fused WebGPU engine, not yet started: what `selectEngine` tries, or `start()` by itself. */
export interface FusedWebgpuStarter extends EngineStarter {
  /** @throws EngineUnavailableError when there is no WebGPU, or no adapter. */
  start(): Promise<FusedWebgpuEngine>;
}

/**
 * The fused WebGPU engine: a model's forward pass is recorded once, compiled to a list of kernels with their bindings, and
 * replayed on a device of its own with weights of 32, 16, 8 or 4 bits and a paged cache.
 *
 * @throws ParameterError, UnknownOptionError for options.
 */
export function fusedWebgpu(options: FusedWebgpuOptions = {}): FusedWebgpuStarter {
  const owner = 'fusedWebgpu';
  checkOptionNames(owner, options, ['weights', 'cache', 'subgroups']);
  const { weights = 'f32', cache = 'f32', subgroups } = options;
  if (!weightFormats.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightFormats.join(', ')}`, weights);
  if (!cacheElements.includes(cache))
    throw new ParameterError(owner, 'cache', `one of ${cacheElements.join(', ')}`, cache);
  const name = weights === 'f32' ? 'fused webgpu' : `fused webgpu, ${weights} weights`;
  return {
    name,
    start: async () => new FusedWebgpuEngine(await Device.start(name, { subgroups }), weights, cache),
  };
}

/** What the engine can tell of itself besides the contract, for measurements and tests. */
export interface DeviceReport {
  /** Vendor, architecture and name of the adapter. */
  readonly adapter: string;
  /** A driver that computes on the processor: no speed is worth noting. */
  readonly software: boolean;
  readonly subgroups: boolean;
  /** Buffers made, and kernels started, since the engine was. */
  readonly buffersCreated: number;
  readonly dispatches: number;
}

export class FusedWebgpuEngine implements Engine {
  readonly name = 'fused webgpu';
  readonly tensorBackend: undefined;
  readonly remote = true;
  readonly #device: Device;
  readonly #format: WeightFormat;
  readonly #cache: CacheElement;
  readonly #executables: Set<WebgpuExecutable> = new Set();
  #disposed = false;

  /** Made by `fusedWebgpu(...).start()`. */
  constructor(device: Device, format: WeightFormat, cache: CacheElement) {
    this.#device = device;
    this.#format = format;
    this.#cache = cache;
  }

  async prepare<C, P>(
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    weights: WeightSource,
    options: PrepareOptions = {},
  ): Promise<Executable> {
    if (this.#disposed) throw new DisposedError('The fused webgpu engine');
    const executable = await WebgpuExecutable.prepare(
      {
        engine: this,
        device: this.#device,
        format: this.#format,
        cacheElement: this.#cache,
        onDispose: (gone) => this.#executables.delete(gone),
      },
      architecture,
      config,
      weights,
      options,
    );
    this.#executables.add(executable);
    return executable;
  }

  /** Weights, activations, caches and results in use. Spare room of cache pools is not counted. */
  memory(): EngineMemory {
    const spare = [...this.#executables].reduce(
      (sum, executable) => {
        const { bytes, buffers } = executable.pooled;
        return { bytes: sum.bytes + bytes, buffers: sum.buffers + buffers };
      },
      { bytes: 0, buffers: 0 },
    );
    const used = [...this.#executables].reduce((sum, { cacheBytes }) => sum + cacheBytes, 0);
    return { bytes: this.#device.bytes - spare.bytes + used, buffers: this.#device.buffers - spare.buffers };
  }

  report(): DeviceReport {
    const { description, software, abilities, created, dispatches } = this.#device;
    return {
      adapter: description,
      software,
      subgroups: abilities.subgroups,
      buffersCreated: created,
      dispatches,
    };
  }

  /** Destroy the device as a driver that fails would, to try what follows. Resolves when the loss is known. */
  async loseDevice(): Promise<void> {
    this.#device.gpu.destroy();
    await this.#device.gpu.lost;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#executables]) executable.dispose();
    this.#device.dispose();
  }
}
