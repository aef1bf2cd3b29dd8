import { TokenwrightError } from '@tokenwright/core';
import { type ByteSource, bytesSource } from '../sources/byte-source.ts';

const kinds = [
  'Int8Array',
  'Uint8Array',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;

/** An allocation that no file of this size can need. Not one of the library's own errors, so that it fails a test. */
export class AllocationError extends Error {}

/**
 * Do the work while typed arrays and buffers larger than `most` bytes are refused.
 *
 * @throws AllocationError when the work asks for one, even if it catches errors.
 */
export async function allocatingAtMost<T>(most: number, work: () => Promise<T>): Promise<T> {
  const globals = globalThis as unknown as Record<string, new (...given: unknown[]) => object>;
  const before = new Map<string, (typeof globals)[string]>();
  let largest = 0;
  const check = (bytes: number): void => {
    largest = Math.max(largest, bytes);
    if (bytes > most) throw new AllocationError(`${bytes} bytes were asked for; at most ${most} can be needed`);
  };
  for (const kind of [...kinds, 'ArrayBuffer'] as const) {
    const original = globals[kind]!;
    before.set(kind, original);
    const width = (original as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    globals[kind] = new Proxy(original, {
      construct(target, given, newTarget) {
        if (typeof given[0] === 'number') check(given[0] * width);
        return Reflect.construct(target, given, newTarget) as object;
      },
    });
  }
  try {
    return await work();
  } finally {
    for (const [kind, original] of before) globals[kind] = original;
    if (largest > most) check(largest);
  }
}

/** A source that fails a test when it is read beyond its end. */
export function watchedSource(bytes: Uint8Array, name: string): ByteSource {
  const inner = bytesSource(bytes, name);
  return {
    ...inner,
    async read(from, to) {
      if (!(from >= 0 && from <= to && to <= bytes.length)) throw new Error(`read ${from} to ${to} of ${bytes.length}`);
      return inner.read(from, to);
    },
  };
}

/**
 * Do the work; only errors of the library may come of it.
 *
 * @returns the error, or undefined when there was none.
 */
export async function refusal(work: () => unknown): Promise<TokenwrightError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof TokenwrightError)) throw error;
    return error;
  }
}
