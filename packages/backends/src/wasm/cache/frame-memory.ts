import { type Frame, firstInWindow } from '@tokenwright/core/engine';
import * as layout from '../module/layout.ts';
import type { Machine } from '../module/machine.ts';
import type { PagedStore } from './paged-store.ts';

export interface FrameSizes {
  readonly maxTokens: number;
  /** Maximum number of slots of a row or of a source. */
  readonly maxSlots: number;
  /** Layers that may be tapped: 0 .. taps - 1. */
  readonly taps: number;
  /** Bytes of scratch memory per thread. */
  readonly scratchBytes: number;
  /** Bytes of the encoded inputs of four tokens. */
  readonly panelBytes: number;
}

/** The data that differs from run to run, written before each run where the kernels read it. */
export class FrameMemory {
  readonly address: number;
  readonly #machine: Machine;
  readonly #sizes: FrameSizes;
  readonly #arrays: Readonly<Record<ArrayName, number>>;
  readonly #allocations: readonly number[];
  readonly #blocksPerRow: number;
  readonly #onPositions: (count: number) => void;

  /** Bytes that a frame memory takes. */
  static bytes(sizes: FrameSizes, threads: number): number {
    const { maxTokens, taps, scratchBytes, panelBytes } = sizes;
    const tables = 2 * maxTokens * blocksOf(sizes) * 4;
    const arrays = (arrayNames.length * maxTokens + taps) * 4;
    return (
      layout.frameBytes +
      arrays +
      tables +
      scratchBytes * threads +
      panelBytes * Math.ceil(maxTokens / layout.tokensPerPanel) +
      4 * 128
    );
  }

  /**
   * @param onPositions called before each run with the number of positions that it may use, from 0 on.
   * @throws MemoryLimitError, with nothing allocated.
   */
  constructor(machine: Machine, sizes: FrameSizes, onPositions: (count: number) => void = () => {}) {
    this.#machine = machine;
    this.#onPositions = onPositions;
    this.#sizes = sizes;
    this.#blocksPerRow = blocksOf(sizes);
    const { heap, threads } = machine;
    heap.check('The frame of a model', FrameMemory.bytes(sizes, threads));
    const { maxTokens, taps, scratchBytes, panelBytes } = sizes;
    const numbers = (arrayNames.length + 2 * this.#blocksPerRow) * maxTokens + taps;
    this.address = heap.allocateZeros('The frame of a model', layout.frameBytes + numbers * 4);
    const scratch = heap.allocate('Working memory', scratchBytes * threads);
    const encoded = heap.allocate('Working memory', panelBytes * Math.ceil(maxTokens / layout.tokensPerPanel));
    this.#allocations = [this.address, scratch, encoded];
    const first = this.address + layout.frameBytes;
    this.#arrays = Object.fromEntries(
      arrayNames.map((name, i) => [name, first + i * maxTokens * 4]),
    ) as unknown as Record<ArrayName, number>;
    this.#set(layout.frameIds, this.#arrays.ids);
    this.#set(layout.framePositions, this.#arrays.positions);
    this.#set(layout.frameSlots, this.#arrays.slots);
    this.#set(layout.frameFirsts, this.#arrays.firsts);
    this.#set(layout.frameEnds, this.#arrays.ends);
    this.#set(layout.frameTables, this.#arrays.tables);
    this.#set(layout.frameScoredTokens, this.#arrays.scored);
    this.#set(layout.frameSourceTables, this.#arrays.sourceTables);
    this.#set(layout.frameSourceLengths, this.#arrays.sourceLengths);
    this.#set(layout.frameTaps, this.#taps);
    this.#set(layout.frameScratch, scratch);
    this.#set(layout.frameScratchBytes, scratchBytes);
    this.#set(layout.frameEncoded, encoded);
  }

  /** Address of the tapped layers' targets, and after them the block tables. */
  get #taps(): number {
    return this.address + layout.frameBytes + arrayNames.length * this.#sizes.maxTokens * 4;
  }

  /**
   * Write a frame over the rows of a store in which its slots are reserved. In a bidirectional frame, each token sees
   * its whole row. Call `tapInto` afterwards to tap results.
   */
  write(frame: Frame, store: PagedStore, bidirectional = false): void {
    const { int32 } = this.#machine.heap.views;
    const { ids, rows, positions, slots, scored } = frame;
    const tokens = ids.length;
    this.#onPositions(positions.reduce((most, position) => Math.max(most, position + 1), 0));
    this.#set(layout.frameTokens, tokens);
    this.#set(layout.frameScored, scored.length);
    this.#set(layout.frameElement, store.pool.code);
    this.#set(layout.frameSinks, store.window?.sinks ?? 0);
    int32.set(ids, this.#arrays.ids / 4);
    int32.set(positions, this.#arrays.positions / 4);
    int32.set(slots, this.#arrays.slots / 4);
    int32.set(scored, this.#arrays.scored / 4);
    const size = store.window?.size ?? Infinity;
    const lengths = new Map<number, number>();
    for (let i = 0; i < tokens; i++) lengths.set(rows[i]!, slots[i]! + 1);
    for (let i = 0; i < tokens; i++) {
      int32[this.#arrays.firsts / 4 + i] = firstInWindow(slots[i]!, size);
      int32[this.#arrays.ends / 4 + i] = bidirectional ? lengths.get(rows[i]!)! : slots[i]! + 1;
    }
    this.#writeTables(this.#arrays.tables, rows, store, 0);
    int32.fill(0, this.#taps / 4, this.#taps / 4 + this.#sizes.taps);
  }

  /** The source that each token reads, as a row of a store. */
  writeSources(rows: Int32Array, ofRow: Int32Array, sources: PagedStore): void {
    const { int32 } = this.#machine.heap.views;
    const ofToken = rows.map((row) => ofRow[row]!);
    this.#writeTables(this.#arrays.sourceTables, ofToken, sources, this.#sizes.maxTokens);
    for (const [i, source] of ofToken.entries()) int32[this.#arrays.sourceLengths / 4 + i] = sources.length(source);
  }

  /** Copy the hidden states of the scored tokens after `layer` layers to an address. */
  tapInto(layer: number, address: number): void {
    this.#machine.heap.views.int32[this.#taps / 4 + layer] = address;
  }

  /** Whether the kernels touch the next rows of a matrix ahead of time. Affects only speed. */
  set touching(touching: boolean) {
    this.#set(layout.frameTouch, touching ? 1 : 0);
  }

  /** Where the kernels write the time of each step, or 0. */
  set profileAddress(address: number) {
    this.#set(layout.frameProfile, address);
  }

  dispose(): void {
    for (const address of this.#allocations) this.#machine.heap.release(address);
  }

  #set(field: number, value: number): void {
    this.#machine.heap.views.int32[(this.address + field) / 4] = value;
  }

  /** One table per distinct row, from table number `first` on, and the address of its row's table for each token. */
  #writeTables(array: number, rows: Int32Array, store: PagedStore, first: number): void {
    const { int32, uint32 } = this.#machine.heap.views;
    const tables = this.#taps + this.#sizes.taps * 4;
    const ofRow = new Map<number, number>();
    for (const [i, row] of rows.entries()) {
      let table = ofRow.get(row);
      if (table === undefined) {
        table = tables + (first + ofRow.size) * this.#blocksPerRow * 4;
        ofRow.set(row, table);
        uint32.set(store.addresses(row), table / 4);
      }
      int32[array / 4 + i] = table;
    }
  }
}

const arrayNames = [
  'ids',
  'positions',
  'slots',
  'firsts',
  'ends',
  'tables',
  'scored',
  'sourceTables',
  'sourceLengths',
] as const;

type ArrayName = (typeof arrayNames)[number];

function blocksOf({ maxSlots }: FrameSizes): number {
  return Math.ceil(maxSlots / layout.slotsPerBlock);
}
