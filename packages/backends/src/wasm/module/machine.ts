import { EngineUnavailableError, UnsupportedError } from '@tokenwright/core';
import { Heap } from './heap.ts';
import { connect, type Kernels, kernelModule, mostPages, tryRelaxed } from './kernels.ts';
import * as layout from './layout.ts';
import { canShareMemory, type KernelWorker, onMainThreadOfPage, startWorker, usefulThreads } from './workers.ts';

export interface MachineOptions {
  readonly threads: number | undefined;
  readonly relaxed: boolean | undefined;
  /** Bytes. */
  readonly memoryLimit: number;
}

/** The compiled module with its memory and its threads. */
export class Machine {
  readonly threads: number;
  readonly relaxed: boolean;
  /** 8-bit weights are multiplied with activations in two planes of 7 bits, not in 16 bits. */
  readonly planes: boolean;
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly #workers: readonly KernelWorker[];
  #running = true;

  private constructor(
    heap: Heap,
    kernels: Kernels,
    workers: readonly KernelWorker[],
    relaxed: boolean,
    planes: boolean,
  ) {
    this.heap = heap;
    this.kernels = kernels;
    this.#workers = workers;
    this.threads = workers.length + 1;
    this.relaxed = relaxed;
    this.planes = planes;
  }

  /**
   * @throws UnsupportedError when several threads are asked for where that cannot be, with what to do instead;
   * EngineUnavailableError when WebAssembly with SIMD is missing or a worker does not start.
   */
  static async start(options: MachineOptions): Promise<Machine> {
    const threads = threadsFor(options.threads);
    const workers: KernelWorker[] = [];
    try {
      const report = options.relaxed === false ? undefined : await tryRelaxed();
      if (options.relaxed === true && report?.works !== true)
        throw new UnsupportedError('relaxed SIMD', 'This WebAssembly engine', 'Leave the option out.');
      const relaxed = report?.works === true;
      const planes = relaxed && (options.relaxed === true || report.fasterIntegers);
      const shared = threads > 1;
      const module = await kernelModule({ shared, relaxed });
      const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared });
      const kernels = await connect(module, memory);
      for (let thread = 1; thread < threads; thread++) workers.push(await startWorker({ module, memory, thread }));
      return new Machine(new Heap(memory, options.memoryLimit), kernels, workers, relaxed, planes);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      if (error instanceof UnsupportedError) throw error;
      throw new EngineUnavailableError([{ engine: 'fused wasm', reason: String(error) }], { cause: error });
    }
  }

  /**
   * The memory bandwidth that a loop reading `bytes` once reaches with all threads, in bytes a second: the best of `tries`.
   * What the engine's speed is compared with, since decoding reads every weight once a token.
   */
  readBandwidth(bytes: number, tries = 5): number {
    const { heap, kernels, threads } = this;
    const range = heap.allocate('A measurement of bandwidth', bytes);
    const scratch = 64;
    const control = heap.allocateZeros('A measurement', layout.frameBytes + 2 * layout.entryBytes + threads * scratch);
    try {
      // Pages that were never written would all be the same one.
      heap.views.bytes.fill(1, range, range + bytes);
      const { int32 } = heap.views;
      const entry = control + layout.frameBytes;
      int32[(control + layout.frameTokens) / 4] = 1;
      int32[(control + layout.frameScratch) / 4] = entry + 2 * layout.entryBytes;
      int32[(control + layout.frameScratchBytes) / 4] = scratch;
      int32[(entry + layout.entryOperation) / 4] = layout.operationRead;
      int32[(entry + layout.entryInput) / 4] = range;
      int32[(entry + layout.readBytes) / 4] = bytes;
      let best = 0;
      for (let i = 0; i < tries; i++) {
        const started = performance.now();
        kernels.run(entry, control, threads);
        best = Math.max(best, (bytes / (performance.now() - started)) * 1000);
      }
      return best;
    } finally {
      heap.release(range);
      heap.release(control);
    }
  }

  /** Stop the workers. The memory is given back when nothing refers to the engine any more. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    if (this.#workers.length > 0) this.kernels.stop();
    for (const worker of this.#workers) worker.terminate();
  }
}

function threadsFor(wanted: number | undefined): number {
  if (wanted === 1) return 1;
  const onPage = onMainThreadOfPage();
  if (wanted === undefined) return onPage || !canShareMemory() ? 1 : usefulThreads();
  if (onPage)
    throw new UnsupportedError(
      `${wanted} threads on a page's main thread, which must not wait for others`,
      'The wasm engine',
      'Start the engine in a Worker, or ask for one thread.',
    );
  if (!canShareMemory())
    throw new UnsupportedError(
      `${wanted} threads without shared memory`,
      'The wasm engine',
      'Serve the page with the headers Cross-Origin-Opener-Policy: same-origin and ' +
        'Cross-Origin-Embedder-Policy: require-corp, or ask for one thread.',
    );
  return wanted;
}
