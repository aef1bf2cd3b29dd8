import type { PrepareOptions, WeightRequest, WeightSource } from '@tokenwright/core/engine';
import { cacheShape, type Part, type Parts } from '../../graph/parts.ts';
import type { WeightFormat } from '../../graph/weight-format.ts';
import type { CacheElement, CacheShape } from '../../paged/paged-rows.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { FrameMemory, type FrameSizes } from '../cache/frame-memory.ts';
import { storeFor } from '../cache/frame-store.ts';
import type { Machine } from '../module/machine.ts';
import { Weights } from '../weights/weights.ts';
import type { Profile } from './profile.ts';
import { panelBytesOf, scratchBytes, Tape } from './tape.ts';

/** With fewer bytes of weights per run, threads would spend more time waiting than working. */
const bytesWorthThreads = 2e6;
/** Upper bound on the bytes of tapes, and of rows of weights being packed. */
const tapesAndStaging = 1 << 21;
/** Steps of each kind that are timed when a model is loaded. */
const calibrationSteps = 4;

export interface ModelSetting {
  readonly machine: Machine;
  readonly parts: Parts;
  readonly requests: readonly WeightRequest[];
  readonly format: WeightFormat;
  /** Expected size of the first cache, for the check that it fits. */
  readonly cacheElement: CacheElement;
  /** Name of the architecture and of the engine, for errors. */
  readonly name: string;
  readonly engineName: string;
  readonly layers: number;
  readonly maxTokens: number;
  /** Maximum number of slots of a cache row. */
  readonly maxSlots: number;
  /** Collects the times of steps, when profiling. */
  readonly profile: Profile | undefined;
}

/** Allocations of a model. */
interface Content {
  readonly weights: Weights;
  readonly frame: FrameMemory;
  readonly arenas: readonly number[];
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly encodeKeyValues: Tape | undefined;
}

/** Everything of a model in the engine's memory: weights, activations, and its parts as tapes. */
export class ModelInMemory {
  readonly machine: Machine;
  readonly parts: Parts;
  readonly weightBytes: number;
  readonly frame: FrameMemory;
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly encodeKeyValues: Tape | undefined;
  readonly #content: Content;
  readonly #profile: Profile | undefined;

  private constructor({ machine, parts, profile }: ModelSetting, content: Content) {
    this.machine = machine;
    this.parts = parts;
    this.weightBytes = content.weights.bytes;
    this.frame = content.frame;
    this.forward = content.forward;
    this.head = content.head;
    this.encode = content.encode;
    this.encodeKeyValues = content.encodeKeyValues;
    this.#content = content;
    this.#profile = profile;
  }

  /**
   * Check that everything fits, and load the weights. After a failure nothing is left allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not match.
   */
  static async load(setting: ModelSetting, source: WeightSource, options: PrepareOptions): Promise<ModelInMemory> {
    const { machine, parts, requests, format, layers, maxTokens, maxSlots, profile } = setting;
    const { heap } = machine;
    const all = [parts.forward, parts.head, parts.encode, parts.encodeKeyValues].filter((part) => part !== undefined);
    const operations = all.flatMap((part) => part.operations);
    const programs = all.map((part) => part.program);
    const sizes: FrameSizes = {
      maxTokens,
      maxSlots,
      taps: layers + 2,
      scratchBytes: Math.max(...programs.map(scratchBytes)),
      panelBytes: Math.max(...operations.map(panelBytesOf)),
    };
    const arenaBytes = Math.max(...programs.filter((p) => p !== parts.head.program).map((p) => p.arenaBytes));
    const headBytes = parts.head.program.arenaBytes;
    const weights = new Weights(machine, requests, operations, format);
    const shape = cacheShape(parts.forward.operations, setting.name, setting.engineName);
    const needed =
      weights.bytes +
      Weights.biasBytes(operations, maxSlots) +
      arenaBytes +
      headBytes +
      FrameMemory.bytes(sizes, machine.threads) +
      new BlockPool(machine, shape, setting.cacheElement).blockBytes +
      tapesAndStaging;
    heap.check(`${source.name} on the wasm engine`, needed);

    const allocated: { dispose(): void }[] = [];
    const keep = <T extends { dispose(): void }>(thing: T): T => {
      allocated.push(thing);
      return thing;
    };
    const room = (bytes: number): number => {
      const address = heap.allocate('Activations', bytes);
      allocated.push({ dispose: () => heap.release(address) });
      return address;
    };
    try {
      await keep(weights).load(source, options);
      const arena = room(arenaBytes);
      const headArena = room(headBytes);
      const frame = keep(new FrameMemory(machine, sizes, (count) => weights.fillTables(count)));
      const profiled = profile !== undefined;
      const tape = ({ program }: Part, at: number, scored = false): Tape =>
        keep(new Tape(machine, program, weights, { arena: at, scored, reach: maxSlots, profiled }));
      const model = new ModelInMemory(setting, {
        weights,
        frame,
        arenas: [arena, headArena],
        forward: tape(parts.forward, arena),
        head: tape(parts.head, headArena, true),
        encode: parts.encode && tape(parts.encode, arena),
        encodeKeyValues: parts.encodeKeyValues && tape(parts.encodeKeyValues, arena),
      });
      model.#calibrate(shape);
      profile?.clear();
      return model;
    } catch (error) {
      for (const thing of allocated) thing.dispose();
      throw error;
    }
  }

  /** Run the kernels of a part over the last written frame. */
  play(part: keyof Parts, tokens: number): void {
    const { kernels, threads } = this.machine;
    const tape = this[part]!;
    const worth = tape.weightBytes * tokens >= bytesWorthThreads;
    this.frame.profileAddress = tape.profileAddress;
    kernels.run(tape.address, this.frame.address, worth ? threads : 1);
    this.#profile?.add(part, tape.steps, tape.times());
  }

  dispose(): void {
    const { weights, frame, arenas, forward, head, encode, encodeKeyValues } = this.#content;
    for (const thing of [weights, frame, forward, head, encode, encodeKeyValues]) thing?.dispose();
    for (const address of arenas) this.machine.heap.release(address);
  }

  /**
   * Measure which way of reading weights is faster on this processor, with steps of one token. The first steps also
   * make the WebAssembly engine finish optimizing the kernels.
   */
  #calibrate(shape: CacheShape): void {
    if (this.forward.weightBytes < bytesWorthThreads) return;
    const zeros = new Int32Array(1);
    const frame = { ids: zeros, rows: zeros, positions: zeros, slots: zeros, scored: new Int32Array(0) };
    const store = storeFor(this.machine, frame, shape);
    try {
      // An encoder-decoder model has no source in these steps.
      this.frame.write(frame, store);
      const best = [Infinity, Infinity];
      for (let i = 0; i < calibrationSteps * 2; i++) {
        this.frame.touching = i % 2 === 1;
        const started = performance.now();
        this.play('forward', 1);
        best[i % 2] = Math.min(best[i % 2]!, performance.now() - started);
      }
      this.frame.touching = best[1]! < best[0]!;
    } finally {
      store.dispose();
    }
  }
}
