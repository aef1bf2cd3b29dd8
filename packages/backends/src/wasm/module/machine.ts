import { EngineUnavailableError, UnsupportedError } from '@tokenwright/core';
import { Heap } from './heap.ts';
import { connect, type Kernels, kernelModule, mostPages, tryRelaxed } from './kernels.ts';
import * as layout from './layout.ts';
import {
  canShareMemory,
  type KernelWorker,
  onMainThreadOfPage,
  startWorker,
  usefulThreads,
  WorkerRefusedError,
} from './workers.ts';

export interface MachineOptions {
  readonly threads: number | undefined;
  readonly relaxed: boolean | undefined;
  /** Bytes. */
  readonly memoryLimit: number;
  readonly onNotice: (message: string) => void;
}

/** The compiled module, its memory and its threads. */
export class Machine {
  readonly threads: number;
  readonly relaxed: boolean;
  /** Whether 8-bit weights are multiplied with activations in two planes of 7 bits instead of 16 bits. */
  readonly planes: boolean;
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** Why there are fewer threads than requested; otherwise empty. */
  readonly notices: readonly string[];
  readonly #workers: readonly KernelWorker[];
  #running = true;

  private constructor(
    heap: Heap,
    kernels: Kernels,
    workers: readonly KernelWorker[],
    relaxed: boolean,
    planes: boolean,
    notices: readonly string[],
  ) {
    this.notices = notices;
    this.heap = heap;
    this.kernels = kernels;
    this.#workers = workers;
    this.threads = workers.length + 1;
    this.relaxed = relaxed;
    this.planes = planes;
  }

  /**
   * Starts on one thread where several are not possible, and reports that to `onNotice`.
   *
   * @throws UnsupportedError when relaxed SIMD is required but missing; EngineUnavailableError when the module does not
   * start.
   */
  static async start({ threads: wanted, relaxed: requested, memoryLimit, onNotice }: MachineOptions): Promise<Machine> {
    const notices: string[] = [];
    const notice = (message: string): void => {
      notices.push(message);
      onNotice(message);
    };
    try {
      const report = requested === false ? undefined : await tryRelaxed();
      if (requested === true && report?.works !== true)
        throw new UnsupportedError('relaxed SIMD', 'This WebAssembly engine', 'Omit the option.');
      const relaxed = report?.works === true;
      const planes = relaxed && (requested === true || report.fasterIntegers);
      const start = async (threads: number): Promise<Machine> => {
        const { memory, kernels, workers } = await startThreads(threads, relaxed);
        return new Machine(new Heap(memory, memoryLimit), kernels, workers, relaxed, planes, notices);
      };
      const threads = threadsFor(wanted, notice);
      if (threads === 1) return await start(1);
      try {
        return await start(threads);
      } catch (error) {
        const machine = await start(1);
        notice(`The wasm engine runs on one thread, not ${threads}: ${workerFailure(error)}.`);
        return machine;
      }
    } catch (error) {
      if (error instanceof UnsupportedError) throw error;
      throw new EngineUnavailableError([{ engine: 'fused wasm', reason: reasonOf(error) }], { cause: error });
    }
  }

  /**
   * The memory bandwidth of a loop that reads `bytes` once with all threads, in bytes per second: the best of `tries`.
   * The upper bound for decoding, which reads every weight once per token.
   */
  readBandwidth(bytes: number, tries = 5): number {
    const { heap, kernels, threads } = this;
    const range = heap.allocate('A measurement of bandwidth', bytes);
    const scratch = 64;
    const control = heap.allocateZeros('A measurement', layout.frameBytes + 2 * layout.entryBytes + threads * scratch);
    try {
      // Never written pages would all map to the same physical page.
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

  /** Stop the workers. The memory is released when nothing references the engine. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    if (this.#workers.length > 0) this.kernels.stop();
    for (const worker of this.#workers) worker.terminate();
  }
}

interface StartedThreads {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly workers: readonly KernelWorker[];
}

/** The module with this many threads, the calling one included. After a failure no worker is left running. */
async function startThreads(threads: number, relaxed: boolean): Promise<StartedThreads> {
  const workers: KernelWorker[] = [];
  const shared = threads > 1;
  try {
    const module = await kernelModule({ shared, relaxed });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared });
    const kernels = await connect(module, memory);
    for (let thread = 1; thread < threads; thread++) workers.push(await startWorker({ module, memory, thread }));
    return { memory, kernels, workers };
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  }
}

/**
 * How many threads to start. Reports when that is one although more were requested, or when the page could allow more.
 */
function threadsFor(wanted: number | undefined, notice: (message: string) => void): number {
  if (wanted === 1) return 1;
  if (onMainThreadOfPage()) {
    if (wanted !== undefined)
      notice(
        `The wasm engine runs on one thread, not ${wanted}: a page's main thread must not wait for others. Start the engine in a Worker.`,
      );
    return 1;
  }
  const threads = wanted ?? usefulThreads();
  if (threads === 1 || canShareMemory()) return threads;
  notice(
    `The wasm engine runs on one thread, not ${threads}: memory cannot be shared. Serve the page with the headers ` +
      'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
  );
  return 1;
}

function workerFailure(error: unknown): string {
  return error instanceof WorkerRefusedError
    ? `the page refuses its workers (${error.message}). Allow 'worker-src blob:' in the Content-Security-Policy`
    : `its workers do not start (${String(error)})`;
}

function reasonOf(error: unknown): string {
  if (typeof WebAssembly === 'undefined') return 'this runtime has no WebAssembly';
  const reason = String(error);
  return /unsafe-eval|Content.Security.Policy/i.test(reason)
    ? `the Content-Security-Policy of the page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src (${reason})`
    : reason;
}
