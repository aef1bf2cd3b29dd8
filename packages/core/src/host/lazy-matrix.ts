import type { EngineMatrix } from '../engine/engine.ts';
import { DisposedError } from '../errors.ts';

/**
 * A matrix in ordinary memory that is computed when it is first read, and at most once. The computation may be asynchronous.
 *
 * @example
 * ```ts
 * const logits = new LazyMatrix(1, vocabSize, async () => session.logits(ids));
 * ```
 */
export class LazyMatrix implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly #compute: () => Promise<Float32Array>;
  #values: Promise<Float32Array> | undefined;
  #disposed = false;

  /** @param compute returns the values, row-major: [rows * columns]. They belong to the matrix from then on. */
  constructor(rows: number, columns: number, compute: () => Promise<Float32Array>) {
    this.rows = rows;
    this.columns = columns;
    this.#compute = compute;
  }

  async read(rows?: readonly number[]): Promise<Float32Array> {
    if (this.#disposed) throw new DisposedError('A matrix of logits');
    this.#values ??= this.#compute();
    const values = await this.#values;
    if (rows === undefined) return values.slice();
    const result = new Float32Array(rows.length * this.columns);
    for (const [i, row] of rows.entries())
      result.set(values.subarray(row * this.columns, (row + 1) * this.columns), i * this.columns);
    return result;
  }

  dispose(): void {
    this.#disposed = true;
    this.#values = undefined;
  }
}
