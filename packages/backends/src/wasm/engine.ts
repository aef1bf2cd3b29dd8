import { DisposedError, type Engine, type EngineMemory, ParameterError } from '@tokenwright/core';
import type {
  Architecture,
  EncoderDecoderArchitecture,
  Executable,
  PrepareOptions,
  WeightSource,
} from '@tokenwright/core/engine';
import { checkBoolean, checkFunction, checkInteger, checkNumber, readOptions } from '@tokenwright/core/options';
import type { EngineStarter } from '../engine-starter.ts';
import { type WeightOption, weightOptions } from '../graph/weight-format.ts';
import { type OnNotice, printNotice } from '../notice.ts';
import { type CacheElement, cacheElements } from '../paged/paged-rows.ts';
import { controlSleeps } from './module/layout.ts';
import { Machine } from './module/machine.ts';
import { WasmExecutable } from './program/executable.ts';
import { Profile, type ProfileRow } from './program/profile.ts';

export interface FusedWasmOptions {
  /**
   * Number of threads, the calling one included, from 1 to 64. Default: as many as the machine has, at most 8; one on a
   * page's main thread, which must not block. Where a page does not allow threads (no cross-origin isolation, or a
   * Content-Security-Policy without `blob:` workers), the engine runs on one thread and reports that to `onNotice`.
   */
  readonly threads?: number;
  /**
   * The weight format of matrices. Default 'f32': the numbers of the checkpoint. '8-bit' is four times smaller and
   * faster. 'auto' uses '8-bit' for models of more than 100 million parameters, and 'f32' for smaller ones.
   */
  readonly weights?: WeightOption;
  /** How 'static' and 'window' caches store numbers. Default 'f32'. */
  readonly cache?: CacheElement;
  /** Maximum number of bytes for weights, caches and results together. Default and maximum: 4 GiB. */
  readonly memoryLimit?: number;
  /**
   * Use relaxed SIMD: fused multiply-add, and 8-bit products. Results then differ in the last digits from machine to
   * machine. Default: used where a known-answer test passes, and for 8-bit products only where they are faster. `true`:
   * always used for both; an UnsupportedError where the test fails. `false`: never used.
   */
  readonly relaxed?: boolean;
  /** Measure the time of each step, for `profile()` of the engine. Default false; it costs about 1 %. */
  readonly profile?: boolean;
  /**
   * Called with one sentence when the engine runs on fewer threads than it should, and when it rounds weights a second
   * time that are quantized already. Default: `console.warn`, once per message.
   */
  readonly onNotice?: OnNotice;
}

const addressSpace = 2 ** 32;

/** The fused WebAssembly engine before it is started. */
export interface FusedWasmStarter extends EngineStarter {
  /**
   * @throws UnsupportedError for `relaxed: true` on a machine without relaxed SIMD; EngineUnavailableError when the module does not
   * start: WebAssembly with SIMD is missing, or the page's Content-Security-Policy forbids WebAssembly.
   */
  start(): Promise<FusedWasmEngine>;
}

/**
 * The fused WebAssembly engine: a model's forward pass is recorded once, compiled to a list of kernel calls, and replayed on
 * one or several threads with weights of 32, 16, 8 or 4 bits and a paged cache.
 *
 * @throws ParameterError for a value that is not allowed, UnknownOptionError for an unknown option.
 *
 * @example
 * ```ts
 * import { fusedWasm } from '@tokenwright/backends/wasm';
 *
 * const engine = await fusedWasm({ weights: '8-bit' }).start();
 * ```
 */
export function fusedWasm(options: FusedWasmOptions = {}): FusedWasmStarter {
  const owner = 'fusedWasm';
  const names = ['threads', 'weights', 'cache', 'memoryLimit', 'relaxed', 'profile', 'onNotice'];
  const given = readOptions(owner, options, names);
  const { threads, weights = 'f32', cache = 'f32', memoryLimit = addressSpace, relaxed, profile = false } = given;
  const { onNotice = printNotice } = given;
  if (threads !== undefined) checkInteger(owner, 'threads', threads, 1, 64);
  checkNumber(owner, 'memoryLimit', memoryLimit, `bytes up to ${addressSpace}`, (n) => n > 0 && n <= addressSpace);
  if (!weightOptions.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightOptions.join(', ')}`, weights);
  if (!cacheElements.includes(cache))
    throw new ParameterError(owner, 'cache', `one of ${cacheElements.join(', ')}`, cache);
  if (relaxed !== undefined) checkBoolean(owner, 'relaxed', relaxed);
  checkBoolean(owner, 'profile', profile);
  checkFunction(owner, 'onNotice', onNotice);
  return {
    name: weights === 'f32' || weights === 'auto' ? 'fused wasm' : `fused wasm, ${weights} weights`,
    start: async () =>
      new FusedWasmEngine(
        await Machine.start({ threads, relaxed, memoryLimit, onNotice }),
        weights,
        cache,
        profile,
        onNotice,
      ),
  };
}

/** The engine that `fusedWasm(...).start()` returns: the contract of an engine, plus measurements. */
export class FusedWasmEngine implements Engine {
  readonly name = 'fused wasm';
  readonly tensorBackend: undefined;
  readonly readbackIsExpensive = false;
  readonly machine: Machine;
  readonly #weights: WeightOption;
  readonly #onNotice: OnNotice;
  readonly #cache: CacheElement;
  readonly #profile: Profile | undefined;
  readonly #executables: Set<WasmExecutable> = new Set();
  #disposed = false;

  constructor(machine: Machine, weights: WeightOption, cache: CacheElement, profile: boolean, onNotice: OnNotice) {
    this.machine = machine;
    this.#weights = weights;
    this.#onNotice = onNotice;
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
        weights: this.#weights,
        cacheElement: this.#cache,
        profile: this.#profile,
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

  /** Number of threads that compute, the calling one included. */
  get threads(): number {
    return this.machine.threads;
  }

  get notices(): readonly string[] {
    return this.machine.notices;
  }

  memory(): EngineMemory {
    const { bytes, buffers } = this.machine.heap;
    return { bytes, buffers };
  }

  /**
   * The time of all runs since the last call, by step; empty unless the engine was started with `profile`. Excludes
   * loading.
   */
  profile(): readonly ProfileRow[] {
    const rows = this.#profile?.rows() ?? [];
    this.#profile?.clear();
    return rows;
  }

  /** How often a thread went to sleep at a barrier. A high number means that the machine is running other work. */
  get sleeps(): number {
    return this.machine.heap.views.int32[controlSleeps / 4]!;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executable of [...this.#executables]) executable.dispose();
    this.machine.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
