import { EngineUnavailableError, UnsupportedError } from '@tokenwright/core';
import { Heap } from './heap.ts';
import { connect, type Kernels, kernelModule, mostPages, relaxedWorks } from './kernels.ts';
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
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly #workers: readonly KernelWorker[];
  #running = true;

  private constructor(heap: Heap, kernels: Kernels, workers: readonly KernelWorker[], relaxed: boolean) {
    this.heap = heap;
    this.kernels = kernels;
    this.#workers = workers;
    this.threads = workers.length + 1;
    this.relaxed = relaxed;
  }

  /**
   * @throws UnsupportedError when several threads are asked for where that cannot be, with what to do instead;
   * EngineUnavailableError when WebAssembly with SIMD is missing or a worker does not start.
   */
  static async start(options: MachineOptions): Promise<Machine> {
    const threads = threadsFor(options.threads);
    const workers: KernelWorker[] = [];
    try {
      const works = options.relaxed === false ? false : await relaxedWorks();
      if (options.relaxed === true && !works)
        throw new UnsupportedError('relaxed SIMD', 'This WebAssembly engine', 'Leave the option out.');
      const shared = threads > 1;
      const module = await kernelModule({ shared, relaxed: works });
      const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared });
      const kernels = await connect(module, memory);
      for (let thread = 1; thread < threads; thread++) workers.push(await startWorker({ module, memory, thread }));
      return new Machine(new Heap(memory, options.memoryLimit), kernels, workers, works);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      if (error instanceof UnsupportedError) throw error;
      throw new EngineUnavailableError([{ engine: 'fused wasm', reason: String(error) }], { cause: error });
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
