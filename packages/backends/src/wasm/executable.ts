import {
  type Architecture,
  CacheError,
  type CacheKind,
  checkInteger,
  DisposedError,
  type EncoderDecoderArchitecture,
  type Engine,
  type EngineMatrix,
  type Executable,
  type Frame,
  type KVStore,
  type PrepareOptions,
  type RunOptions,
  type RunResult,
  requestWeights,
  ShapeError,
  type SourceMemory,
  UnsupportedError,
  type WeightSource,
} from '@tokenwright/core';
import { rowBytes } from '../graph/compiler.ts';
import { cacheShape, type Part, type Parts, record } from '../graph/parts.ts';
import type { WeightFormat } from '../graph/weight-format.ts';
import type { CacheElement, CacheShape, Window } from '../paged/paged-rows.ts';
import { BlockPool } from './block-pool.ts';
import { FrameMemory, type FrameSizes } from './frame-memory.ts';
import type { Machine } from './machine.ts';
import { WasmMatrix } from './matrix.ts';
import { PagedStore } from './paged-store.ts';
import type { Profile } from './profile.ts';
import { WasmSourceMemory } from './source-memory.ts';
import { panelBytesOf, scratchBytes, Tape } from './tape.ts';
import { Weights } from './weights.ts';

/** Most tokens of a frame: enough to amortise reading the weights, and few enough that activations stay small. */
const frameTokens = 256;
/** Most tokens of a source: it has to fit a frame, since its tokens see each other. */
const longestSource = 1024;
/** Below so many bytes of weights in a run the threads would wait for each other longer than they work. */
const bytesWorthThreads = 2e6;
/** Bytes for tapes, and for rows of weights on their way to the packing kernel; generous. */
const tapesAndStaging = 1 << 21;
/** Steps of each kind that are timed when a model is loaded. */
const calibrationSteps = 4;

export interface ExecutableSetting {
  readonly engine: Engine;
  readonly machine: Machine;
  readonly format: WeightFormat;
  readonly cacheElement: CacheElement;
  /** Where the times of steps are added up, if they are wanted. */
  readonly profile: Profile | undefined;
  /** Called once when the executable is disposed. */
  readonly onDispose: (executable: WasmExecutable) => void;
}

/** Everything of an executable that stands in memory. */
interface Held {
  readonly weights: Weights;
  readonly frame: FrameMemory;
  readonly arenas: readonly number[];
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly memorise: Tape | undefined;
}

/** A model as tapes of kernel calls. A run writes the frame and plays them. */
export class WasmExecutable implements Executable {
  readonly engine: Engine;
  readonly maxTokens: number;
  readonly weightBytes: number;
  readonly #setting: ExecutableSetting;
  readonly #name: string;
  readonly #layers: number;
  readonly #parts: Parts;
  readonly #held: Held;
  readonly #pools: Map<CacheElement, BlockPool> = new Map();
  #disposed = false;

  private constructor(
    setting: ExecutableSetting,
    { name, layers, maxTokens }: { name: string; layers: number; maxTokens: number },
    parts: Parts,
    held: Held,
  ) {
    this.#setting = setting;
    this.engine = setting.engine;
    this.maxTokens = maxTokens;
    this.weightBytes = held.weights.bytes;
    this.#name = name;
    this.#layers = layers;
    this.#parts = parts;
    this.#held = held;
  }

  /**
   * Record, compile, check that everything fits, and load the weights. A failure leaves nothing allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not fit.
   */
  static async prepare<C, P>(
    setting: ExecutableSetting,
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions,
  ): Promise<WasmExecutable> {
    const { machine, format } = setting;
    const { heap } = machine;
    const { weights: tree, requests } = requestWeights(architecture, config, source);
    const { layers, contextLength } = architecture.dimensions(config);
    const sourceLength = 'sourceLength' in architecture ? architecture.sourceLength(config) : 0;
    const maxTokens = Math.max(frameTokens, Math.min(sourceLength, longestSource));

    // The scored tokens' last hidden states go to the head.
    const parts = record(architecture, config, tree, requests, {
      maxTokens,
      tapResult: layers + 1,
      logitsOutside: true,
    });
    const all = [parts.forward, parts.head, parts.encode, parts.memorise].filter((part) => part !== undefined);
    const operations = all.flatMap((part) => part.operations);
    const programs = all.map((part) => part.program);
    const sizes: FrameSizes = {
      maxTokens,
      maxSlots: Math.max(contextLength, maxTokens),
      taps: layers + 2,
      scratchBytes: Math.max(...programs.map(scratchBytes)),
      panelBytes: Math.max(...operations.map(panelBytesOf)),
    };
    const arenaBytes = Math.max(...programs.filter((p) => p !== parts.head.program).map((p) => p.arenaBytes));
    const headBytes = parts.head.program.arenaBytes;
    const weights = new Weights(machine, requests, operations, format);
    const block = new BlockPool(
      machine,
      cacheShape(parts.forward.operations, architecture.name, setting.engine.name),
      setting.cacheElement,
    );
    const needed =
      weights.bytes +
      Weights.biasBytes(operations, sizes.maxSlots) +
      arenaBytes +
      headBytes +
      FrameMemory.bytes(sizes, machine.threads) +
      block.blockBytes +
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
      const frame = keep(new FrameMemory(machine, sizes));
      const tape = (part: Part | undefined, at: number, scored = false): Tape | undefined =>
        part &&
        keep(
          new Tape(machine, part.program, weights, {
            arena: at,
            scored,
            reach: sizes.maxSlots,
            profiled: setting.profile !== undefined,
          }),
        );
      const held: Held = {
        weights,
        frame,
        arenas: [arena, headArena],
        forward: tape(parts.forward, arena)!,
        head: tape(parts.head, headArena, true)!,
        encode: tape(parts.encode, arena),
        memorise: tape(parts.memorise, arena),
      };
      const executable = new WasmExecutable(setting, { name: architecture.name, layers, maxTokens }, parts, held);
      executable.#calibrate();
      setting.profile?.clear();
      return executable;
    } catch (error) {
      for (const thing of allocated) thing.dispose();
      throw error;
    }
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.#check();
    const shape = cacheShape(this.#parts.forward.operations, this.#name, this.engine.name);
    let element = this.#setting.cacheElement;
    let window: Window | undefined;
    if (kind.kind === 'growing') element = 'f32';
    if (kind.kind === 'f16' || kind.kind === '8-bit') element = kind.kind;
    if (kind.kind === 'window')
      window = {
        size: checkInteger('createCache', 'size', kind.size, 1),
        sinks: checkInteger('createCache', 'sinks', kind.sinks ?? 0, 0),
      };
    return new PagedStore(this.#pool(shape, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.#check();
    const own = this.#own(store);
    this.#checkSize(frame);
    const { forward, head, frame: memory } = this.#held;
    const { forward: part, head: headPart } = this.#parts;
    const { machine } = this.#setting;
    const scored = frame.scored.length;
    const layers = [...new Set(options.layers ?? [])];
    this.#checkTapped(layers);

    const results: WasmMatrix[] = [];
    const taps: WasmMatrix[] = [];
    const allocate = (list: WasmMatrix[], what: string, rows: number, columns: number): WasmMatrix => {
      const matrix = WasmMatrix.allocate(machine, what, rows, columns);
      list.push(matrix);
      return matrix;
    };
    try {
      this.#reserve(frame, own);
      const logits = allocate(results, 'The logits', scored, headPart.result.columns);
      const hidden = options.hidden
        ? allocate(results, 'The hidden states', frame.ids.length, part.result.columns)
        : undefined;
      const ofLayers = new Map(
        layers.map((layer) => [layer, allocate(results, 'The logits', scored, headPart.result.columns)]),
      );
      memory.write(frame, own);
      if (options.sources !== undefined)
        memory.writeSources(frame.rows, options.sources.ofRow, this.#sources(options.sources.memory));
      const headInput = head.addressOf(headPart.input);
      memory.tapInto(this.#layers + 1, headInput);
      for (const layer of layers)
        memory.tapInto(layer, allocate(taps, 'The hidden states', scored, part.result.columns).address);
      this.#play('forward', forward, frame.ids.length);
      for (const [row, length] of lengthsOf(frame)) own.grown(row, length);

      if (hidden !== undefined) this.#copy(forward.addressOf(part.result), rowBytes(part.result.root.columns), hidden);
      if (scored > 0) {
        head.writeResultTo(logits.address);
        this.#play('head', head, scored);
        for (const [i, layer] of layers.entries()) {
          const bytes = scored * rowBytes(part.result.columns);
          machine.heap.views.bytes.copyWithin(headInput, taps[i]!.address, taps[i]!.address + bytes);
          head.writeResultTo(ofLayers.get(layer)!.address);
          this.#play('head', head, scored);
        }
      }
      return { logits, ...(hidden && { hidden }), ...(options.layers && { layers: ofLayers }) };
    } catch (error) {
      for (const matrix of results) matrix.dispose();
      throw error;
    } finally {
      for (const matrix of taps) matrix.dispose();
    }
  }

  encode(frame: Frame): EngineMatrix {
    this.#check();
    const { machine } = this.#setting;
    const part = this.#parts.encode;
    const tape = this.#held.encode;
    if (part === undefined || tape === undefined)
      throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    this.#checkSize(frame);
    const store = this.#storeFor(frame, cacheShape(part.operations, this.#name, this.engine.name));
    try {
      const encoded = WasmMatrix.allocate(machine, 'The encoded source', frame.ids.length, part.result.columns);
      this.#held.frame.write(frame, store, true);
      this.#play('encode', tape, frame.ids.length);
      this.#copy(tape.addressOf(part.result), rowBytes(part.result.root.columns), encoded);
      return encoded;
    } finally {
      store.dispose();
    }
  }

  memorise(encoded: EngineMatrix | Float32Array, frame: Frame): SourceMemory {
    this.#check();
    const { heap } = this.#setting.machine;
    const part = this.#parts.memorise;
    const tape = this.#held.memorise;
    if (part === undefined || tape === undefined)
      throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    const tokens = frame.ids.length;
    const { columns } = part.input;
    const stride = rowBytes(columns);
    if (encoded instanceof Float32Array) {
      if (encoded.length !== tokens * columns)
        throw new ShapeError('The encoded source', [tokens, columns], [encoded.length / columns, columns]);
    } else {
      if (!(encoded instanceof WasmMatrix)) throw new CacheError('The encoded source belongs to another engine.');
      if (encoded.rows !== tokens || encoded.columns !== columns)
        throw new ShapeError('The encoded source', [tokens, columns], [encoded.rows, encoded.columns]);
    }
    const store = this.#storeFor(frame, cacheShape(part.operations, this.#name, this.engine.name));
    const input = tape.addressOf(part.input);
    // Each token is memorised by itself, so any number of them goes in several frames.
    for (let first = 0; first < tokens; first += this.maxTokens) {
      const last = Math.min(tokens, first + this.maxTokens);
      for (let token = first; token < last; token++) {
        const target = input + (token - first) * stride;
        if (encoded instanceof Float32Array)
          heap.views.float32.set(encoded.subarray(token * columns, (token + 1) * columns), target / 4);
        else
          heap.views.bytes.copyWithin(target, encoded.address + token * stride, encoded.address + (token + 1) * stride);
      }
      this.#held.frame.write(partOf(frame, first, last), store, true);
      this.#play('memorise', tape, last - first);
    }
    for (const [row, length] of lengthsOf(frame)) store.grown(row, length);
    return new WasmSourceMemory(store);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { weights, frame, arenas, forward, head, encode, memorise } = this.#held;
    for (const thing of [weights, frame, forward, head, encode, memorise]) thing?.dispose();
    for (const address of arenas) this.#setting.machine.heap.release(address);
    this.#setting.onDispose(this);
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError(`The model '${this.#name}' on ${this.engine.name}`);
  }

  #own(store: KVStore): PagedStore {
    const own = store instanceof PagedStore && this.#pools.get(store.pool.element) === store.pool;
    if (!own) throw new CacheError(`The cache belongs to another engine or model than '${this.#name}' here.`);
    return store;
  }

  #sources(memory: SourceMemory): PagedStore {
    if (!(memory instanceof WasmSourceMemory) || memory.store.pool.machine !== this.#setting.machine)
      throw new CacheError('The source memory belongs to another engine.');
    return memory.store;
  }

  #checkSize({ ids }: Frame): void {
    if (ids.length > this.maxTokens)
      throw new ShapeError(`A frame of at most ${this.maxTokens} tokens`, [this.maxTokens], [ids.length]);
  }

  #checkTapped(layers: readonly number[]): void {
    const { operations } = this.#parts.forward;
    for (const layer of layers)
      if (
        !operations.some((operation) => operation.kind === 'tap' && operation.layer === layer && layer <= this.#layers)
      )
        throw new UnsupportedError(`an early exit after layer ${layer}`, `The architecture '${this.#name}'`);
  }

  #pool(shape: CacheShape, element: CacheElement): BlockPool {
    let pool = this.#pools.get(element);
    if (pool === undefined) {
      pool = new BlockPool(this.#setting.machine, shape, element);
      this.#pools.set(element, pool);
    }
    return pool;
  }

  #reserve(frame: Frame, store: PagedStore): void {
    for (const [row, length] of lengthsOf(frame)) store.reserve(row, length);
  }

  /** A float32 store of its own with room for the frame's tokens. */
  #storeFor(frame: Frame, shape: CacheShape): PagedStore {
    const lengths = lengthsOf(frame);
    const store = new PagedStore(new BlockPool(this.#setting.machine, shape, 'f32'), Math.max(...lengths.keys()) + 1);
    try {
      this.#reserve(frame, store);
      return store;
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  /**
   * Find out which way of reading weights is the faster on this processor, by steps of one token. The first of them also
   * make the WebAssembly engine compile the kernels for good.
   */
  #calibrate(): void {
    if (this.#held.forward.weightBytes < bytesWorthThreads) return;
    const zeros = new Int32Array(1);
    const frame = { ids: zeros, rows: zeros, positions: zeros, slots: zeros, firsts: zeros, scored: new Int32Array(0) };
    const store = this.#storeFor(frame, cacheShape(this.#parts.forward.operations, this.#name, this.engine.name));
    try {
      this.#held.frame.write(frame, store);
      // An encoder-decoder model sees no source here.
      const best = [Infinity, Infinity];
      for (let i = 0; i < calibrationSteps * 2; i++) {
        this.#held.frame.touching = i % 2 === 1;
        const started = performance.now();
        this.#play('forward', this.#held.forward, 1);
        best[i % 2] = Math.min(best[i % 2]!, performance.now() - started);
      }
      this.#held.frame.touching = best[1]! < best[0]!;
    } finally {
      store.dispose();
    }
  }

  #play(part: keyof Parts, tape: Tape, tokens: number): void {
    const { machine, profile } = this.#setting;
    const { kernels, threads } = machine;
    const { frame } = this.#held;
    const worth = tape.weightBytes * tokens >= bytesWorthThreads;
    frame.profileAddress = tape.profileAddress;
    kernels.run(tape.address, frame.address, worth ? threads : 1);
    profile?.add(part, tape.steps, tape.times());
  }

  #copy(from: number, stride: number, to: WasmMatrix): void {
    const { bytes } = this.#setting.machine.heap.views;
    const width = rowBytes(to.columns);
    for (let row = 0; row < to.rows; row++) {
      const at = from + row * stride;
      bytes.copyWithin(to.address + row * width, at, at + to.columns * 4);
    }
  }
}

/** The tokens from..to of a frame, none of them scored. */
function partOf({ ids, rows, positions, slots, firsts }: Frame, from: number, to: number): Frame {
  return {
    ids: ids.subarray(from, to),
    rows: rows.subarray(from, to),
    positions: positions.subarray(from, to),
    slots: slots.subarray(from, to),
    firsts: firsts.subarray(from, to),
    scored: new Int32Array(0),
  };
}

/** Slots that each row of a frame holds after it. */
function lengthsOf({ rows, slots }: Frame): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const [i, row] of rows.entries()) lengths.set(row, Math.max(lengths.get(row) ?? 0, slots[i]! + 1));
  return lengths;
}
