import { workerSource } from './worker-source.ts';

/** A worker that runs `work` of the module. */
export interface KernelWorker {
  terminate(): void;
}

/** The start message of a worker. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Its number, from 1: 0 is the calling thread. */
  readonly thread: number;
}

/** Threads that this machine can run at once, at most 8: above that, memory bandwidth is the limit. */
export function usefulThreads(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os');
  const available = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(8, available));
}

/** True where blocking is forbidden: on a page's main thread. */
export function onMainThreadOfPage(): boolean {
  return (
    globalThis.process?.getBuiltinModule === undefined &&
    typeof (globalThis as { document?: unknown }).document === 'object'
  );
}

/** True where memory can be shared: in Node, and in pages with cross-origin isolation. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true;
}

/** Start a worker. Resolves when its module is instantiated. It does not keep a Node process alive. */
export function startWorker(start: WorkerStart): Promise<KernelWorker> {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return threads === undefined ? startWebWorker(start) : startNodeWorker(threads, start);
}

function startNodeWorker(threads: typeof import('node:worker_threads'), start: WorkerStart): Promise<KernelWorker> {
  return new Promise((resolve, reject) => {
    // Flags of the process, such as --input-type, are not meant for this program.
    const worker = new threads.Worker(workerSource, { eval: true, execArgv: [], workerData: start });
    const fail = (reason: unknown): void => {
      void worker.terminate();
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    worker.once('error', fail);
    worker.once('message', (message) => {
      if (message !== 'ready') return fail(message);
      worker.off('error', fail);
      worker.unref();
      resolve({ terminate: () => void worker.terminate() });
    });
  });
}

/** The page does not run workers from a blob; a Content-Security-Policy can forbid it. */
export class WorkerRefusedError extends Error {
  override readonly name: string = 'WorkerRefusedError';
}

function startWebWorker(start: WorkerStart): Promise<KernelWorker> {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
    // A rejected worker throws here in some browsers, and is an error event without a message in others.
    const refuse = (reason: string): void => {
      URL.revokeObjectURL(url);
      reject(new WorkerRefusedError(reason || 'the page does not allow workers from blobs'));
    };
    let worker: Worker;
    try {
      worker = new Worker(url);
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
      return;
    }
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      refuse(event.message ?? '');
    };
    worker.onmessage = ({ data }) => {
      URL.revokeObjectURL(url);
      if (data === 'ready') {
        resolve(worker);
        return;
      }
      worker.terminate();
      reject(new Error(String(data)));
    };
    worker.postMessage(start);
  });
}
