import type { Frame } from '@tokenwright/core/engine';
import type { PagedStore } from '../cache/paged-store.ts';
import type { Device } from '../device/device.ts';
import type { WebgpuChoice } from '../logits/choice.ts';
import { slotsPerBlock } from '../shaders/attend.ts';
import { frameArrays, headerWords } from '../shaders/common.ts';

/** Minimum number of slots in a share of split attention, and maximum number of shares. */
const slotsPerShare = 256;
export const mostShares = 16;
/** Splitting helps only while tokens and heads alone do not fill the device. */
export const splitTokens = 8;

const none = 0xffffffff;

/** Context of a frame besides its tokens. */
export interface FrameSetting {
  readonly store: PagedStore;
  /** The encoder keys and values, and the source of each cache row, for a model with sources. */
  readonly sources?: { readonly store: PagedStore; readonly ofRow: Int32Array };
}

/** How to run a frame. */
export interface FramePlan {
  readonly tokens: number;
  /** Number of shares of each attention; 1 for undivided. */
  readonly shares: number;
}

/** The frame on the device: a header, an array per property of tokens, and the block tables. */
export class FrameBuffer {
  readonly buffer: GPUBuffer;
  readonly #device: Device;
  readonly #maxTokens: number;
  readonly #words: Uint32Array<ArrayBuffer>;

  /** Bytes of a frame. Every row has at least one token; each has a table for the cache and one for the source. */
  static bytes(maxTokens: number, maxSlots: number): number {
    const tables = maxTokens * 2 * (Math.ceil(maxSlots / slotsPerBlock) + 1);
    return (headerWords + frameArrays.length * maxTokens + tables) * 4;
  }

  constructor(device: Device, maxTokens: number, maxSlots: number) {
    this.#device = device;
    this.#maxTokens = maxTokens;
    this.#words = new Uint32Array(FrameBuffer.bytes(maxTokens, maxSlots) / 4);
    this.buffer = device.storage('frame', this.#words.byteLength);
  }

  /** Upload a frame. The queue preserves the order, so earlier frames are not affected. */
  write(frame: Frame, { store, sources }: FrameSetting): FramePlan {
    const words = this.#words;
    const tokens = frame.ids.length;
    let next = headerWords + frameArrays.length * this.#maxTokens;
    const tableBase = next;
    const table = (numbers: readonly number[]): number => {
      const at = next - tableBase;
      words.set(numbers, next);
      next += numbers.length;
      return at;
    };
    const tables = new Map<number, number>();
    const sourceTables = new Map<number, readonly [number, number]>();
    const ends = new Map<number, number>();
    let longest = 0;
    for (let i = 0; i < tokens; i++) {
      const row = frame.rows[i]!;
      ends.set(row, Math.max(ends.get(row) ?? 0, frame.slots[i]! + 1));
      longest = Math.max(longest, frame.slots[i]! + 1);
      if (!tables.has(row)) tables.set(row, table(store.numbers(row)));
      const source = sources?.ofRow[row];
      if (source !== undefined && !sourceTables.has(source)) {
        const slots = sources!.store.length(source);
        sourceTables.set(source, [table(sources!.store.numbers(source)), slots]);
        longest = Math.max(longest, slots);
      }
    }
    const undivided = tokens > splitTokens || this.#device.batchInvariant;
    const shares = undivided ? 1 : Math.min(mostShares, Math.ceil(longest / slotsPerShare));
    const share = Math.ceil(longest / Math.max(1, shares) / 64) * 64;
    const { size, sinks } = store.window ?? { size: none, sinks: 0 };
    words.set([tokens, frame.scored.length, 0, Math.max(1, shares), share, size, sinks, 0]);
    const put = (name: (typeof frameArrays)[number], value: (token: number) => number, count = tokens): void => {
      const at = headerWords + frameArrays.indexOf(name) * this.#maxTokens;
      for (let i = 0; i < count; i++) words[at + i] = value(i);
    };
    const sourceOf = (i: number): readonly [number, number] =>
      sourceTables.get(sources?.ofRow[frame.rows[i]!] ?? -1) ?? [0, 0];
    put('ids', (i) => frame.ids[i]!);
    put('tables', (i) => tables.get(frame.rows[i]!)!);
    put('positions', (i) => frame.positions[i]!);
    put('slots', (i) => frame.slots[i]!);
    put('ends', (i) => ends.get(frame.rows[i]!)!);
    put('scored', (i) => frame.scored[i]!, frame.scored.length);
    put('sourceTables', (i) => sourceOf(i)[0]);
    put('sourceEnds', (i) => sourceOf(i)[1]);
    this.#device.gpu.queue.writeBuffer(this.buffer, 0, words, 0, next);
    return { tokens, shares: Math.max(1, shares) };
  }

  /** Copy the chosen tokens into the frame's ids on the device. The host does not have to know them. */
  takeIds(encoder: GPUCommandEncoder, { buffer, rows }: WebgpuChoice): void {
    const at = headerWords + frameArrays.indexOf('ids') * this.#maxTokens;
    encoder.copyBufferToBuffer(buffer, 0, this.buffer, at * 4, rows * 4);
  }

  /** Select the scored tokens of the next run of the head. */
  score(first: number, count: number): void {
    this.#device.gpu.queue.writeBuffer(this.buffer, 4, Uint32Array.of(count, first));
  }

  dispose(): void {
    this.#device.release(this.buffer);
  }
}
