import { Worker } from 'node:worker_threads';
import { connectReadLoop, type ReadLoop, readLoopModule, readStride } from './read-loop.ts';

const pageBytes = 65536;

/** Indices of the control words that the threads share. */
export const control = { command: 0, answer: 1, sum: 2 } as const;

/** What a helper thread is started with. */
export interface ReadLimitWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly from: number;
  readonly to: number;
}

/**
 * How fast this machine reads memory that is not in a cache: a plain WebAssembly loop over 500 MB, on one thread or two. It is
 * measured in the same process as the engines and alternately with them, so that shares of it are comparable between slow, fast
 * and busy machines.
 */
export class ReadLimit {
  /** Bytes of one pass. */
  readonly bytes: number;
  /** The sum that a pass must return. */
  readonly expected: number;
  readonly #loop: ReadLoop;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #worker: Worker;
  #commands = 0;

  private constructor(
    bytes: number,
    expected: number,
    loop: ReadLoop,
    words: Int32Array<SharedArrayBuffer>,
    w: Worker,
  ) {
    this.bytes = bytes;
    this.expected = expected;
    this.#loop = loop;
    this.#control = words;
    this.#worker = w;
  }

  /** @param bytes how much to read; rounded up to whole pages of 64 KiB, an even number of them. */
  static async open(bytes: number = 500e6): Promise<ReadLimit> {
    const pages = Math.ceil(bytes / pageBytes / 2) * 2;
    const size = pages * pageBytes;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    // Write every page once: unwritten pages all map to the same physical page, which stays in the cache.
    const words = new Int32Array(memory.buffer);
    let expected = 0;
    for (let i = 0; i < words.length; i++) {
      words[i] = i;
      expected = (expected + i) | 0;
    }
    const module = await WebAssembly.compile(readLoopModule(pages));
    const loop = await connectReadLoop(module, memory);
    const control = new Int32Array(new SharedArrayBuffer(16));
    const half = Math.floor(size / 2 / readStride) * readStride;
    const workerData: ReadLimitWorkerData = { module, memory, control, from: half, to: size };
    const worker = new Worker(new URL('./read-limit-worker.ts', import.meta.url), { workerData });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    worker.unref();
    return new ReadLimit(size, expected, loop, control, worker);
  }

  /**
   * Read everything `passes` times: bytes per second.
   *
   * @throws Error when the sum of a pass is wrong, which means that not everything was read.
   */
  measure(threads: 1 | 2, passes: number): number {
    const began = performance.now();
    for (let pass = 0; pass < passes; pass++) {
      const sum = threads === 1 ? this.#loop.sum(0, this.bytes) : this.#sumInTwo();
      if (sum !== this.expected) throw new Error(`The read loop returned ${sum} instead of ${this.expected}`);
    }
    return (passes * this.bytes) / ((performance.now() - began) / 1000);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #sumInTwo(): number {
    const words = this.#control;
    const command = ++this.#commands;
    Atomics.store(words, control.command, command);
    Atomics.notify(words, control.command);
    const half = Math.floor(this.bytes / 2 / readStride) * readStride;
    const own = this.#loop.sum(0, half);
    while (Atomics.load(words, control.answer) !== command) Atomics.wait(words, control.answer, command - 1);
    return (own + words[control.sum]!) | 0;
  }
}
