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

/** The compiled module with its memory and its threads. */
export class Machine {
  readonly threads: number;
  readonly relaxed: boolean;
  /** 8-bit weights are multiplied with activations in two planes of 7 bits, not in 16 bits. */
  readonly planes: boolean;
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** Why there are fewer threads than there should be; empty when there are not. */
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
   * @throws UnsupportedError when relaxed SIMD is asked for and missing; EngineUnavailableError when the module does not start.
   */
  static async start({ threads: wanted, relaxed: wish, memoryLimit, onNotice }: MachineOptions): Promise<Machine> {
    const notices: string[] = [];
    const notice = (message: string): void => {
      notices.push(message);
      onNotice(message);
    };
    try {
      const report = wish === false ? undefined : await tryRelaxed();
      if (wish === true && report?.works !== true)
        throw new UnsupportedError('relaxed SIMD', 'This WebAssembly engine', 'Leave the option out.');
      const relaxed = report?.works === true;
      const planes = relaxed && (wish === true || report.fasterIntegers);
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

interface StartedThreads {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly workers: readonly KernelWorker[];
}

/** The module with this many threads, the calling one included. A failure leaves no worker running. */
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

/** How many threads to start. Reports when that is one although more were asked for, or the page could be served with more. */
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
