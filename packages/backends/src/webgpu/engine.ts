import {
  DisposedError,
  type Engine,
  type EngineMemory,
  EngineUnavailableError,
  ParameterError,
} from '@tokenwright/core';
import type {
  Architecture,
  EncoderDecoderArchitecture,
  Executable,
  PrepareOptions,
  WeightSource,
} from '@tokenwright/core/engine';
import { checkBoolean, checkFunction, readOptions } from '@tokenwright/core/options';
import type { EngineStarter } from '../engine-starter.ts';
import { type WeightOption, weightOptions } from '../graph/weight-format.ts';
import { type OnNotice, printNotice } from '../notice.ts';
import { type CacheElement, cacheElements } from '../paged/paged-rows.ts';
import { Device } from './device/device.ts';
import type { DeviceTensors, TensorStarter } from './device/tensors.ts';
import { WebgpuExecutable } from './program/executable.ts';

export interface FusedWebgpuOptions {
  /**
   * The weight format of matrices. Default 'f32': the numbers of the checkpoint. 'auto' uses '8-bit' for models of more
   * than 100 million parameters, and 'f32' for smaller ones.
   */
  readonly weights?: WeightOption;
  /** How 'static' and 'window' caches store numbers. Default 'f32'. */
  readonly cache?: CacheElement;
  /**
   * Use subgroup sums. Default: where the device has them and a known-answer test passes. `false`: never. `true`:
   * required; an EngineUnavailableError where they are not available.
   */
  readonly subgroups?: boolean;
  /**
   * Read 'f16' weights as native half-precision numbers (the feature shader-f16). The results are the same. Default:
   * where the device has it and a known-answer test passes. `false`: never. `true`: required; an EngineUnavailableError
   * where it is not available.
   */
  readonly float16?: boolean;
  /**
   * The logits of a token have the same bits however it is fed: alone, in a batch, in a prompt of any chunk size. So a
   * seed gives the same text. All numbers of tokens go through the same kernels. Default true. `false` trades this for
   * speed: a prompt reads the weights once per 32 tokens instead of once per four, a single token has a kernel of its
   * own, and a long cache is divided among work groups. The sums then differ in the last bits.
   */
  readonly batchInvariant?: boolean;
  /**
   * Lets TF.js compute on the same device, so that samplers with a TF.js form run where the logits are:
   * `tensorsOnDevice` of `@tokenwright/backends/tfjs`. Default: none. The samplers of Tokenwright do not need TF.js
   * there.
   */
  readonly tensors?: TensorStarter;
  /**
   * Called with one sentence when the engine rounds weights a second time that are quantized already. Default:
   * `console.warn`, once per message.
   */
  readonly onNotice?: OnNotice;
}

/** The fused WebGPU engine before it is started. */
export interface FusedWebgpuStarter extends EngineStarter {
  /** @throws EngineUnavailableError when there is no WebGPU, no adapter, or `tensors` does not start. */
  start(): Promise<FusedWebgpuEngine>;
}

/**
 * The fused WebGPU engine: a model's forward pass is recorded once, compiled to a list of kernels with their bindings, and
 * replayed on a device of its own with weights of 32, 16, 8 or 4 bits and a paged cache.
 *
 * @throws ParameterError for a value that is not allowed, UnknownOptionError for an unknown option.
 *
 * @example
 * ```ts
 * import { fusedWebgpu } from '@tokenwright/backends/webgpu';
 *
 * const engine = await fusedWebgpu({ weights: '8-bit' }).start();
 * ```
 */
export function fusedWebgpu(options: FusedWebgpuOptions = {}): FusedWebgpuStarter {
  const owner = 'fusedWebgpu';
  const names = ['weights', 'cache', 'subgroups', 'float16', 'batchInvariant', 'tensors', 'onNotice'] as const;
  const given = readOptions(owner, options, names);
  const { weights = 'f32', cache = 'f32', subgroups, float16, batchInvariant = true, tensors } = given;
  const { onNotice = printNotice } = given;
  checkFunction(owner, 'onNotice', onNotice);
  checkBoolean(owner, 'batchInvariant', batchInvariant);
  if (subgroups !== undefined) checkBoolean(owner, 'subgroups', subgroups);
  if (float16 !== undefined) checkBoolean(owner, 'float16', float16);
  if (!weightOptions.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightOptions.join(', ')}`, weights);
  if (!cacheElements.includes(cache))
    throw new ParameterError(owner, 'cache', `one of ${cacheElements.join(', ')}`, cache);
  if (tensors !== undefined && typeof tensors !== 'function')
    throw new ParameterError(
      owner,
      'tensors',
      "a function such as tensorsOnDevice of '@tokenwright/backends/tfjs'",
      tensors,
    );
  const name = weights === 'f32' || weights === 'auto' ? 'fused webgpu' : `fused webgpu, ${weights} weights`;
  return {
    name,
    async start() {
      const device = await Device.start(name, { subgroups, float16 });
      device.batchInvariant = batchInvariant;
      try {
        const onDevice = tensors && (await startTensors(device, name, tensors));
        return new FusedWebgpuEngine(device, onDevice, weights, cache, onNotice);
      } catch (error) {
        device.dispose();
        throw error;
      }
    },
  };
}

async function startTensors(device: Device, engine: string, start: TensorStarter): Promise<DeviceTensors> {
  try {
    return await start(device);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineUnavailableError([{ engine, reason: `tensors: ${reason}` }], { cause: error });
  }
}

const devices = new WeakMap<FusedWebgpuEngine, Device>();

/** The device of an engine, for tests of this package. */
export function deviceOf(engine: FusedWebgpuEngine): Device {
  return devices.get(engine)!;
}

/** The device of an engine and its counters, for measurements and tests. */
export interface DeviceReport {
  /** Vendor, architecture and name of the adapter. */
  readonly adapter: string;
  /** True for a slow software driver that computes on the CPU. */
  readonly software: boolean;
  readonly subgroups: boolean;
  readonly float16: boolean;
  /** Buffers created and kernels started since the engine started. */
  readonly buffersCreated: number;
  readonly dispatches: number;
  /** Bytes copied from the device to the host. */
  readonly bytesRead: number;
}

/** The engine that `fusedWebgpu(...).start()` returns: the contract of an engine, plus a report for measurements. */
export class FusedWebgpuEngine implements Engine {
  readonly name = 'fused webgpu';
  readonly tensorBackend: string | undefined;
  readonly readbackIsExpensive = true;
  readonly #device: Device;
  readonly #tensors: DeviceTensors | undefined;
  readonly #weights: WeightOption;
  readonly #onNotice: OnNotice;
  readonly #cache: CacheElement;
  readonly #executables: Set<WebgpuExecutable> = new Set();
  #disposed = false;

  /** Made by `fusedWebgpu(...).start()`. */
  constructor(
    device: Device,
    tensors: DeviceTensors | undefined,
    weights: WeightOption,
    cache: CacheElement,
    onNotice: OnNotice,
  ) {
    devices.set(this, device);
    this.#device = device;
    this.#tensors = tensors;
    this.tensorBackend = tensors?.backend;
    this.#weights = weights;
    this.#onNotice = onNotice;
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
        tensors: this.#tensors,
        weights: this.#weights,
        cacheElement: this.#cache,
        onDispose: (gone) => this.#executables.delete(gone),
      },
      architecture,
      config,
      weights,
      { onNotice: this.#onNotice, ...options },
    );
    this.#executables.add(executable);
    return executable;
  }

  /** Weights, activations, caches and results in use. The unused capacity of cache pools is not counted. */
  memory(): EngineMemory {
    const spare = [...this.#executables].reduce(
      (sum, executable) => {
        const { bytes, buffers } = executable.pooled;
        return { bytes: sum.bytes + bytes, buffers: sum.buffers + buffers };
      },
      { bytes: 0, buffers: 0 },
    );
    const used = [...this.#executables].reduce((sum, { cacheBytes }) => sum + cacheBytes, 0);
    const tensors = this.#tensors ?? { bytes: 0, buffers: 0 };
    return {
      bytes: this.#device.bytes + tensors.bytes - spare.bytes + used,
      buffers: this.#device.buffers + tensors.buffers - spare.buffers,
    };
  }

  /** The adapter, the enabled features, and counters since the start. */
  report(): DeviceReport {
    const { description, software, abilities, created, dispatches, bytesRead } = this.#device;
    return {
      adapter: description,
      software,
      ...abilities,
      buffersCreated: created,
      dispatches,
      bytesRead,
    };
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#executables]) executable.dispose();
    this.#tensors?.dispose();
    this.#device.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
