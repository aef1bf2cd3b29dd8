import { plain, relaxed } from './kernels.generated.js';

/** The functions of the compiled module. Addresses are bytes in its memory; ints are 32 bits wide. */
export interface Kernels {
  /** Run a tape over a frame. `threads` is 1, or the number of workers plus one. */
  run(tape: number, frame: number, threads: number): void;
  /** The entry point of a worker; returns after `stop` is called. */
  work(thread: number): void;
  stop(): void;
  /** float32 [groups * 4, inputs] -> the layout of a weight format; inputs is a multiple of 32. */
  pack(
    format: number,
    source: number,
    inputs: number,
    groups: number,
    target: number,
    scales: number,
    sums: number,
  ): void;
  /** The first of float32 [count], count a multiple of 4, whose magnitude is not at most `limit`; -1 for none. */
  firstBeyond(values: number, count: number, limit: number): number;
  /** One row of a packed matrix as float32 [inputs]. */
  unpackRow(format: number, weights: number, inputs: number, scales: number, row: number, output: number): void;
  storeSlot(element: number, tile: number, slot: number, head: number, size: number): void;
  loadSlots(element: number, tile: number, from: number, to: number, size: number, target: number): void;
  copySlots(element: number, from: number, to: number, tiles: number, size: number, slots: number): void;
  /** Attention over an 8-bit tile; see assembly/attend-integers.ts. */
  encodeQuery(query: number, rowBytes: number): number;
  scoreIntegers(
    query: number,
    unit: number,
    tile: number,
    start: number,
    end: number,
    size: number,
    scores: number,
  ): void;
  addIntegers(
    mixed: number,
    correction: number,
    weights: number,
    tile: number,
    from: number,
    to: number,
    size: number,
  ): void;
  top(values: number, count: number, wanted: number, ids: number, best: number): void;
  sumOfExponentials(values: number, count: number, result: number): void;
  probeDot(planes: number, address: number, inputs: number, groups: number): void;
  relaxedDot(left: number, right: number, result: number): void;
}

/** Maximum number of 64 KiB pages of the module's memory: 4 GiB. */
export const mostPages = 65536;

/**
 * The compiled module. It imports a shared memory. Without threads, the import is changed to an unshared memory, which
 * pages without cross-origin isolation can create.
 */
export async function kernelModule(options: { shared: boolean; relaxed: boolean }): Promise<WebAssembly.Module> {
  const bytes = fromBase64(options.relaxed ? relaxed : plain);
  if (!options.shared) unshareMemory(bytes);
  return WebAssembly.compile(bytes);
}

/** Instantiate a module with its memory. */
export async function connect(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory }, tape: { now: () => performance.now() } });
  return instance.exports as unknown as Kernels;
}

/** Results of probing relaxed SIMD. */
export interface RelaxedReport {
  /** The engine accepts relaxed SIMD, and its product of 8 and 7 bits is correct. */
  readonly works: boolean;
  /** Its product is clearly faster, as on processors with a single instruction for it. Others need several. */
  readonly fasterIntegers: boolean;
}

/** Probe relaxed SIMD: a known-answer test, then a few milliseconds of products both ways. */
export async function tryRelaxed(): Promise<RelaxedReport> {
  try {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: mostPages });
    const kernels = await connect(await kernelModule({ shared: false, relaxed: true }), memory);
    if (!relaxedAnswersRight(kernels, memory)) return { works: false, fasterIntegers: false };
    return { works: true, fasterIntegers: speedOfPlanes(kernels) > 1.25 };
  } catch {
    return { works: false, fasterIntegers: false };
  }
}

/** The known-answer test: whether the relaxed product of 8 and 7 bits is correct. */
export function relaxedAnswersRight(kernels: Pick<Kernels, 'relaxedDot'>, memory: WebAssembly.Memory): boolean {
  const left = new Int8Array(memory.buffer, 0, 16);
  const right = new Int8Array(memory.buffer, 16, 16);
  const result = new Int32Array(memory.buffer, 32, 4);
  for (let seed = 0; seed < 8; seed++) {
    for (let i = 0; i < 16; i++) {
      left[i] = seed === 0 ? -128 : ((i * 73 + seed * 41) % 255) - 127;
      right[i] = seed < 2 ? 127 : (i * 31 + seed * 17) % 128;
    }
    kernels.relaxedDot(0, 16, 32);
    for (let lane = 0; lane < 4; lane++) {
      let sum = 1;
      for (let i = lane * 4; i < lane * 4 + 4; i++) sum += left[i]! * right[i]!;
      if (result[lane] !== sum) return false;
    }
  }
  return true;
}

/**
 * Speed of products in planes relative to products in 16 bits. Runs long enough for the optimizing compiler to finish.
 */
function speedOfPlanes(kernels: Kernels): number {
  const best = [Infinity, Infinity];
  const started = performance.now();
  for (let i = 0; performance.now() - started < 25; i++) {
    const from = performance.now();
    for (let repeat = 0; repeat < 8; repeat++) kernels.probeDot(i % 2, 0, 512, 8);
    best[i % 2] = Math.min(best[i % 2]!, performance.now() - from);
  }
  return best[0]! / best[1]!;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/**
 * Clear the `shared` flag of the memory import, in place.
 * Format: WebAssembly Core Specification, binary format, import section (id 2); threads proposal, limits flag 0x02.
 */
function unshareMemory(bytes: Uint8Array): void {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };
  const skip = (count: number): void => {
    at += count;
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const size = number();
    if (section !== 2) {
      skip(size);
      continue;
    }
    // Each import has a module name, a name and a kind: 0, a function, with its type; 2, a memory, with its limits.
    for (let left = number(); left > 0; left--) {
      skip(number());
      skip(number());
      const isMemory = bytes[at++] === 2;
      if (isMemory) bytes[at]! &= ~2;
      number();
      if (isMemory) for (const _ of ['least pages', 'most pages']) number();
    }
    return;
  }
}
