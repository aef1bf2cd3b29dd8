/**
 * A contract as a list of cases. They import no test runner, so they work with any:
 *
 * ```ts
 * for (const { name, run } of modelCases(open)) test(name, run);
 * ```
 */
export interface ContractCase {
  readonly name: string;
  /**
   * Resolves when the contract holds; otherwise rejects with an error that states the expected and the actual result.
   */
  run(): Promise<void>;
}

/** @throws Error with `message` when the condition does not hold. */
export function verify(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof message === 'string' ? message : message());
}

/** Equal as JSON. */
export function verifyEqual(received: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(plain(received)), JSON.stringify(plain(expected))];
  verify(a === b, () => `${what}: expected ${b}, but got ${a}.`);
}

/** Every number is within `tolerance` of the expected one, with infinities and NaN at the same indices. */
export function verifyClose(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  verify(
    received.length === expected.length,
    `${what}: expected ${expected.length} numbers, but got ${received.length}.`,
  );
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [received[i]!, expected[i]!];
    if (Object.is(a, b) || Math.abs(a - b) <= tolerance) continue;
    throw new Error(`${what}: expected ${b} at ${i}, within ${tolerance}, but got ${a}.`);
  }
}

/** Returns the error that `work` throws, which must be an instance of `type`. */
export async function verifyThrows<T extends Error>(
  work: () => unknown,
  type: abstract new (...args: never[]) => T,
  what: string,
): Promise<T> {
  try {
    await work();
  } catch (error) {
    verify(error instanceof type, () => `${what}: expected ${type.name}, but got ${String(error)}.`);
    return error;
  }
  throw new Error(`${what}: expected ${type.name}, but nothing was thrown.`);
}

function plain(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value;
}
