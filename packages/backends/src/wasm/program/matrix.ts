import { DisposedError } from '@tokenwright/core';
import type { EngineMatrix, TopOfRow } from '@tokenwright/core/engine';
import { checkInteger } from '@tokenwright/core/options';
import { rowBytes } from '../../graph/compiler.ts';
import type { Machine } from '../module/machine.ts';

/** A result in the module's memory: float32 rows, padded like activations. Released by `dispose`. */
export class WasmMatrix implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly #machine: Machine;
  #address: number | undefined;

  /** Takes ownership of the allocation. */
  constructor(machine: Machine, address: number, rows: number, columns: number) {
    this.#machine = machine;
    this.#address = address;
    this.rows = rows;
    this.columns = columns;
  }

  /** Allocate a result; the contents are undefined. */
  static allocate(machine: Machine, what: string, rows: number, columns: number): WasmMatrix {
    const address = machine.heap.allocate(what, rows * rowBytes(columns));
    return new WasmMatrix(machine, address, rows, columns);
  }

  get address(): number {
    if (this.#address === undefined) throw new DisposedError('A matrix of the engine');
    return this.#address;
  }

  async read(rows?: readonly number[]): Promise<Float32Array> {
    const { address, columns } = this;
    const { float32 } = this.#machine.heap.views;
    const wanted = rows ?? Array.from({ length: this.rows }, (_, row) => row);
    const result = new Float32Array(wanted.length * columns);
    for (const [i, row] of wanted.entries()) {
      checkInteger('read', 'rows', row, 0, this.rows - 1);
      const from = (address + row * rowBytes(columns)) / 4;
      result.set(float32.subarray(from, from + columns), i * columns);
    }
    return result;
  }

  async top(count: number, ids: readonly number[]): Promise<readonly TopOfRow[]> {
    const { address, columns } = this;
    checkInteger('top', 'count', count, 0);
    for (const id of ids) checkInteger('top', 'ids', id, 0, columns - 1);
    const { heap, kernels } = this.#machine;
    const wanted = Math.min(count, columns);
    const room = heap.allocate('The largest logits', 16 + wanted * 8);
    try {
      const idsAt = room + 16;
      const valuesAt = idsAt + wanted * 4;
      return Array.from({ length: this.rows }, (_, row) => {
        const values = address + row * rowBytes(columns);
        if (wanted > 0) kernels.top(values, columns, wanted, idsAt, valuesAt);
        kernels.sumOfExponentials(values, columns, room);
        const { int32, float32, float64 } = heap.views;
        return {
          ids: new Int32Array(int32.subarray(idsAt / 4, idsAt / 4 + wanted)),
          values: new Float32Array(float32.subarray(valuesAt / 4, valuesAt / 4 + wanted)),
          named: Float32Array.from(ids, (id) => float32[values / 4 + id]!),
          logSumExp: float64[room / 8]! + Math.log(float64[room / 8 + 1]!),
        };
      });
    } finally {
      heap.release(room);
    }
  }

  dispose(): void {
    if (this.#address !== undefined) this.#machine.heap.release(this.#address);
    this.#address = undefined;
  }
}
