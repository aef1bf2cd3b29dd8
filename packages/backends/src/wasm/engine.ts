import { DisposedError, type Engine, type EngineMemory, ParameterError } from '@tokenwright/core';
import type {
  Architecture,
  EncoderDecoderArchitecture,
  Executable,
  PrepareOptions,
  WeightSource,
} from '@tokenwright/core/engine';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import type { EngineStarter } from '../engine-starter.ts';
import { type WeightFormat, weightFormats } from '../graph/weight-format.ts';
import { type CacheElement, cacheElements } from '../paged/paged-rows.ts';
import { controlSleeps } from './module/layout.ts';
import { Machine } from './module/machine.ts';
import { WasmExecutable } from './program/executable.ts';
import { Profile, type ProfileRow } from './program/profile.ts';

export interface FusedWasmOptions {
  /**
   * Threads, this one included. Default: as many as the machine runs at once, at most 8; one where memory cannot be shared
   * and on a page's main thread.
   */
  readonly threads?: number;
  /** How matrices are held. Default 'f32': the numbers of the checkpoint. '8-bit' is four times smaller and faster. */
  readonly weights?: WeightFormat;
  /** How 'static' and 'window' caches hold numbers. Default 'f32'. */
  readonly cache?: CacheElement;
  /** Most bytes that weights, caches and results may take together. Default and most: 4 GiB. */
  readonly memoryLimit?: number;
  /**
   * Use relaxed SIMD: fused multiply-add, and products of 8 bits. Results then differ in the last digits from machine to
   * machine. Default: where a known-answer test passes, and
   * for the products also only where they are the faster; true: for both where the test passes.
   */
  readonly relaxed?: boolean;
  /** Note how long each step takes, for `profile()` of the engine. Default false; it costs about 1 %. */
  readonly profile?: boolean;
}

const addressSpace = 2 ** 32;

/** The fused WebAssembly engine, not yet started: what `selectEngine` tries, or `start()` by itself. */
export interface FusedWasmStarter extends EngineStarter {
  /**
   * @throws UnsupportedError when threads are asked for where they cannot be; EngineUnavailableError when the module does not
   * start.
   */
  start(): Promise<FusedWasmEngine>;
}

/**
 * The fused WebAssembly engine: a model's forward pass is recorded once, compiled to a list of kernel calls, and replayed on
 * one or several threads with weights of 32, 16, 8 or 4 bits and a paged cache.
 *
 * @throws ParameterError, UnknownOptionError for options.
 */
export function fusedWasm(options: FusedWasmOptions = {}): FusedWasmStarter {
  const owner = 'fusedWasm';
  checkOptionNames(owner, options, ['threads', 'weights', 'cache', 'memoryLimit', 'relaxed', 'profile']);
  const { threads, weights = 'f32', cache = 'f32', memoryLimit = addressSpace, relaxed, profile = false } = options;
  if (threads !== undefined) checkInteger(owner, 'threads', threads, 1, 64);
  checkNumber(owner, 'memoryLimit', memoryLimit, `bytes up to ${addressSpace}`, (n) => n > 0 && n <= addressSpace);
  if (!weightFormats.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightFormats.join(', ')}`, weights);
  if (!cacheElements.includes(cache))
    throw new ParameterError(owner, 'cache', `one of ${cacheElements.join(', ')}`, cache);
  return {
    name: weights === 'f32' ? 'fused wasm' : `fused wasm, ${weights} weights`,
    start: async () =>
      new FusedWasmEngine(await Machine.start({ threads, relaxed, memoryLimit }), weights, cache, profile),
  };
}

/** What the engine can tell of itself besides the contract, for measurements. */
export class FusedWasmEngine implements Engine {
  readonly name = 'fused wasm';
  readonly tensorBackend: undefined;
  readonly readbackIsExpensive = false;
  readonly machine: Machine;
  readonly #format: WeightFormat;
  readonly #cache: CacheElement;
  readonly #profile: Profile | undefined;
  readonly #executables: Set<WasmExecutable> = new Set();
  #disposed = false;

  constructor(machine: Machine, format: WeightFormat, cache: CacheElement, profile: boolean) {
    this.machine = machine;
    this.#format = format;
    this.#cache = cache;
    this.#profile = profile ? new Profile() : undefined;
  }

  async prepare<C, P>(
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    weights: WeightSource,
    options: PrepareOptions = {},
  ): Promise<Executable> {
    if (this.#disposed) throw new DisposedError('The fused wasm engine');
    const executable = await WasmExecutable.prepare(
      {
        engine: this,
        machine: this.machine,
        format: this.#format,
        cacheElement: this.#cache,
        profile: this.#profile,
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

  memory(): EngineMemory {
    const { bytes, buffers } = this.machine.heap;
    return { bytes, buffers };
  }

  /**
   * Where the time of all runs since the last call went, by step, when the engine was started with `profile`; otherwise
   * nothing. Loading does not count.
   */
  profile(): readonly ProfileRow[] {
    const rows = this.#profile?.rows() ?? [];
    this.#profile?.clear();
    return rows;
  }

  /** How often a thread went to sleep at a barrier: often means that the machine is busy with something else. */
  get sleeps(): number {
    return this.machine.heap.views.int32[controlSleeps / 4]!;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#executables]) executable.dispose();
    this.machine.stop();
  }
}
