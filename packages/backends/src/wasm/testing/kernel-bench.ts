import type { WeightFormat } from '../../graph/weight-format.ts';
import * as layout from '../module/layout.ts';
import { Machine } from '../module/machine.ts';
import { panelBytes } from '../program/tape.ts';
import { formatCode, groupBytes, paddedInputs } from '../weights/formats.ts';

const { rowsPerGroup } = layout;
const scratchBytes = 1 << 18;
/** Maximum number of encoded inputs of four tokens. */
const encodedBytes = 1 << 20;

/** Field values by their offsets in an entry or a frame. */
export type Fields = Readonly<Record<number, number>>;

/** Runs single kernels as a tape would: one entry, one frame, one thread. */
export class KernelBench {
  readonly machine: Machine;
  readonly #held: number[] = [];

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  static async start(relaxed: boolean): Promise<KernelBench> {
    return new KernelBench(await Machine.start({ threads: 1, relaxed, memoryLimit: 2 ** 32, onNotice: () => {} }));
  }

  /** Allocate float32 numbers filled with NaN, so that reading an unwritten number is detected. */
  room(count: number): number {
    const address = this.machine.heap.allocate('test', count * 4 + 64);
    this.#held.push(address);
    this.machine.heap.views.float32.fill(Number.NaN, address / 4, address / 4 + count + 16);
    return address;
  }

  floats(values: ArrayLike<number>): number {
    const address = this.room(values.length);
    this.machine.heap.views.float32.set(values, address / 4);
    return address;
  }

  integers(values: ArrayLike<number>): number {
    const address = this.room(values.length);
    this.machine.heap.views.int32.set(values, address / 4);
    return address;
  }

  /** Rows of `columns` numbers, `stride` numbers apart. */
  rows(values: readonly ArrayLike<number>[], stride: number): number {
    const address = this.room(values.length * stride);
    for (const [i, row] of values.entries()) this.machine.heap.views.float32.set(row, address / 4 + i * stride);
    return address;
  }

  read(address: number, count: number): Float32Array {
    return this.machine.heap.views.float32.slice(address / 4, address / 4 + count);
  }

  /** Pack a matrix of groups of eight rows, [8 * groups][inputs]. Returns the fields of a linear map or a table. */
  pack(format: WeightFormat, values: readonly Float32Array[], planes = false): Fields {
    const inputs = paddedInputs(values[0]!.length);
    const groups = values.length / rowsPerGroup;
    const staging = this.rows(
      values.map((row) => Float32Array.from({ length: inputs }, (_, i) => row[i] ?? 0)),
      inputs,
    );
    const weights = this.room((groups * groupBytes(format, inputs)) / 4);
    const [scales, sums] = [this.room(values.length), this.room(values.length)];
    this.machine.kernels.pack(formatCode(format, planes), staging, inputs, groups, weights, scales, sums);
    return {
      [layout.linearWeights]: weights,
      [layout.linearFormat]: formatCode(format, planes),
      [layout.linearGroups]: groups,
      [layout.linearGroupBytes]: groupBytes(format, inputs),
      [layout.linearScales]: scales,
      [layout.linearSums]: sums,
      [layout.linearPanelBytes]: panelBytes(inputs),
      [layout.linearEncodedOffset]: layout.scratchRow + Math.ceil((inputs * 4) / 128) * 128,
    };
  }

  /** Run one operation. Fields are integers except in `floats`; missing fields are 0. */
  run(operation: number, integers: Fields, floats: Fields, frame: Fields): void {
    const at = this.#zeros(layout.frameBytes);
    const working = {
      [layout.frameScratch]: this.room(scratchBytes / 4),
      [layout.frameScratchBytes]: scratchBytes,
      [layout.frameEncoded]: this.room(encodedBytes / 4),
    };
    const { int32 } = this.machine.heap.views;
    for (const [field, value] of Object.entries({ ...working, ...frame })) int32[(at + Number(field)) / 4] = value;
    this.runFrame(operation, integers, floats, at);
  }

  /** The same over a frame in memory. */
  runFrame(operation: number, integers: Fields, floats: Fields, frame: number): void {
    const { heap, kernels } = this.machine;
    const entry = this.#zeros(2 * layout.entryBytes);
    const { int32, float32 } = heap.views;
    for (const [field, value] of Object.entries(integers)) int32[(entry + Number(field)) / 4] = value;
    for (const [field, value] of Object.entries(floats)) float32[(entry + Number(field)) / 4] = value;
    int32[(entry + layout.entryOperation) / 4] = operation;
    kernels.run(entry, frame, 1);
  }

  /** Release all allocations. */
  reset(): void {
    for (const address of this.#held.splice(0)) this.machine.heap.release(address);
  }

  #zeros(bytes: number): number {
    const address = this.machine.heap.allocateZeros('test', bytes);
    this.#held.push(address);
    return address;
  }
}
