import { DisposedError, ShapeError } from '../errors.ts';
import type { EngineMatrix } from './engine.ts';

/** A matrix in host memory, for models that compute in plain TypeScript. */
export class HostMatrix implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  #values: Float32Array | undefined;

  /** @param values row-major; ownership is taken. */
  constructor(values: Float32Array, rows: number, columns: number) {
    if (values.length !== rows * columns) throw new ShapeError('A host matrix', [rows, columns], [values.length]);
    this.#values = values;
    this.rows = rows;
    this.columns = columns;
  }

  async read(rows?: readonly number[]): Promise<Float32Array> {
    if (this.#values === undefined) throw new DisposedError('A host matrix');
    if (rows === undefined) return this.#values.slice();
    const result = new Float32Array(rows.length * this.columns);
    for (const [i, row] of rows.entries())
      result.set(this.#values.subarray(row * this.columns, (row + 1) * this.columns), i * this.columns);
    return result;
  }

  dispose(): void {
    this.#values = undefined;
  }
}
