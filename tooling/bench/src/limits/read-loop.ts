/** What the module of `readLoopModule` exports. */
export interface ReadLoop {
  /**
   * The sum of the 32-bit integers from byte `from` to byte `to`, modulo 2^32. Both must be multiples of `readStride`, and
   * `to` greater than `from`.
   */
  sum(from: number, to: number): number;
}

/** Bytes that one iteration of the loop reads. */
export const readStride = 128;

const accumulators = readStride / 16;
const from = 0;
const to = 1;
const firstAccumulator = 2;

// Instructions of the loop, by their names in the WebAssembly text format.
const typeI32 = 0x7f;
const typeV128 = 0x7b;
const opLoop = [0x03, 0x40];
const opEnd = 0x0b;
const opBranchIf = (depth: number): number[] => [0x0d, depth];
const opGet = (local: number): number[] => [0x20, local];
const opSet = (local: number): number[] => [0x21, local];
const opTee = (local: number): number[] => [0x22, local];
const opI32Const = (value: number): number[] => [0x41, ...signedLeb(value)];
const opI32Add = 0x6a;
const opI32LessUnsigned = 0x49;
const opV128Load = (offset: number): number[] => [0xfd, 0x00, 4, ...leb(offset)];
const opI32x4Add = [0xfd, 0xae, 0x01];
const opI32x4Lane = (lane: number): number[] => [0xfd, 0x1b, lane];

/**
 * A WebAssembly module that only reads: it sums a range of memory with 128-bit loads into eight accumulators, so that neither the
 * additions nor the loop overhead limit it. Its rate on memory that is not in a cache bounds any engine that reads all weights for
 * each token.
 *
 * It imports `env.memory`, which must be shared, and exports `sum`.
 *
 * @param pages minimum and maximum size of that memory, in pages of 64 KiB.
 */
export function readLoopModule(pages: number): Uint8Array<ArrayBuffer> {
  const steps = Array.from({ length: accumulators }, (_, i) => [
    ...opGet(firstAccumulator + i),
    ...opGet(from),
    ...opV128Load(16 * i),
    ...opI32x4Add,
    ...opSet(firstAccumulator + i),
  ]).flat();
  const loop = [
    ...opLoop,
    ...steps,
    ...[...opGet(from), ...opI32Const(readStride), opI32Add, ...opTee(from)],
    ...[...opGet(to), opI32LessUnsigned, ...opBranchIf(0)],
    opEnd,
  ];
  const total = [
    ...opGet(firstAccumulator),
    ...Array.from({ length: accumulators - 1 }, (_, i) => [...opGet(firstAccumulator + 1 + i), ...opI32x4Add]).flat(),
    ...opSet(firstAccumulator),
  ];
  const lanes = [0, 1, 2, 3].flatMap((lane) => [
    ...opGet(firstAccumulator),
    ...opI32x4Lane(lane),
    ...(lane === 0 ? [] : [opI32Add]),
  ]);
  const locals = [1, accumulators, typeV128];
  const body = [...locals, ...loop, ...total, ...lanes, opEnd];

  const functionType = [0x60, 2, typeI32, typeI32, 1, typeI32];
  const sharedMemory = [0x02, 0x03, ...leb(pages), ...leb(pages)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...functionType]),
    ...section(2, [1, ...text('env'), ...text('memory'), ...sharedMemory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('sum'), 0x00, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** The loop over a memory. */
export async function connectReadLoop(
  module: WebAssembly.Module | Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): Promise<ReadLoop> {
  const compiled = module instanceof WebAssembly.Module ? module : await WebAssembly.compile(module);
  const instance = await WebAssembly.instantiate(compiled, { env: { memory } });
  return instance.exports as unknown as ReadLoop;
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...leb(bytes.length), ...bytes];
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128. */
function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}
