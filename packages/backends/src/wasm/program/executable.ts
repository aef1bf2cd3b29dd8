import {
  CacheError,
  type CacheKind,
  DisposedError,
  type Engine,
  ShapeError,
  UnsupportedError,
} from '@tokenwright/core';
import {
  type Architecture,
  type EncoderDecoderArchitecture,
  type EncoderKeyValues,
  type EngineMatrix,
  type Executable,
  type Frame,
  type KVStore,
  type PrepareOptions,
  type RunOptions,
  type RunResult,
  requestWeights,
  type WeightSource,
} from '@tokenwright/core/engine';
import { rowBytes } from '../../graph/compiler.ts';
import { cacheShape, record } from '../../graph/parts.ts';
import { formatFor, parametersOf, type WeightOption } from '../../graph/weight-format.ts';
import type { CacheElement, CacheShape } from '../../paged/paged-rows.ts';
import { storeSetting } from '../../paged/store-setting.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { WasmSourceMemory } from '../cache/encoder-key-values.ts';
import { lengthsOf, reserve, storeFor } from '../cache/frame-store.ts';
import { PagedStore } from '../cache/paged-store.ts';
import type { Machine } from '../module/machine.ts';
import { ModelInMemory } from './in-memory.ts';
import { WasmMatrix } from './matrix.ts';
import type { Profile } from './profile.ts';

/** Most tokens of a frame: enough to amortise reading the weights, and few enough that activations stay small. */
const frameTokens = 256;
/** Most tokens of a source: it has to fit a frame, since its tokens see each other. */
const longestSource = 1024;
export interface ExecutableSetting {
  readonly engine: Engine;
  readonly machine: Machine;
  readonly weights: WeightOption;
  readonly cacheElement: CacheElement;
  /** Where the times of steps are added up, if they are wanted. */
  readonly profile: Profile | undefined;
  /** Called once when the executable is disposed. */
  readonly onDispose: (executable: WasmExecutable) => void;
}

/** A model as tapes of kernel calls. A run writes the frame and plays them. */
export class WasmExecutable implements Executable {
  readonly engine: Engine;
  readonly maxTokens: number;
  readonly weightBytes: number;
  readonly #setting: ExecutableSetting;
  readonly #name: string;
  readonly #layers: number;
  readonly #model: ModelInMemory;
  readonly #pools: Map<CacheElement, BlockPool> = new Map();
  #disposed = false;

  private constructor(
    setting: ExecutableSetting,
    { name, layers, maxTokens }: { name: string; layers: number; maxTokens: number },
    model: ModelInMemory,
  ) {
    this.#setting = setting;
    this.engine = setting.engine;
    this.maxTokens = maxTokens;
    this.weightBytes = model.weightBytes;
    this.#name = name;
    this.#layers = layers;
    this.#model = model;
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
    const { weights, requests } = requestWeights(architecture, config, source);
    const { layers, contextLength } = architecture.dimensions(config);
    const sourceLength = 'sourceLength' in architecture ? architecture.sourceLength(config) : 0;
    const maxTokens = Math.max(frameTokens, Math.min(sourceLength, longestSource));
    // The scored tokens' last hidden states go to the head.
    const parts = record(architecture, config, weights, requests, {
      maxTokens,
      tapResult: layers + 1,
      logitsOutside: true,
    });
    const { name } = architecture;
    const maxSlots = Math.max(contextLength, maxTokens);
    const sizes = { name, layers, maxTokens, maxSlots, engineName: setting.engine.name };
    const format = formatFor(setting.weights, parametersOf(requests));
    const model = await ModelInMemory.load({ ...setting, ...sizes, format, parts, requests }, source, options);
    return new WasmExecutable(setting, sizes, model);
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.#check();
    const shape = cacheShape(this.#model.parts.forward.operations, this.#name, this.engine.name);
    const { element, window } = storeSetting(kind, this.#setting.cacheElement);
    return new PagedStore(this.#pool(shape, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.#check();
    const own = this.#own(store);
    this.#checkSize(frame);
    const { forward, head, frame: memory, parts } = this.#model;
    const { forward: part, head: headPart } = parts;
    const { machine } = this.#setting;
    const scored = frame.scored.length;
    const layers = [...new Set(options.earlyExits ?? [])];
    this.#checkTapped(layers);

    const results: WasmMatrix[] = [];
    const taps: WasmMatrix[] = [];
    const allocate = (list: WasmMatrix[], what: string, rows: number, columns: number): WasmMatrix => {
      const matrix = WasmMatrix.allocate(machine, what, rows, columns);
      list.push(matrix);
      return matrix;
    };
    try {
      reserve(own, frame);
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
      this.#model.play('forward', frame.ids.length);
      for (const [row, length] of lengthsOf(frame)) own.grown(row, length);

      if (hidden !== undefined) this.#copy(forward.addressOf(part.result), rowBytes(part.result.root.columns), hidden);
      if (scored > 0) {
        head.writeResultTo(logits.address);
        this.#model.play('head', scored);
        for (const [i, layer] of layers.entries()) {
          const bytes = scored * rowBytes(part.result.columns);
          machine.heap.views.bytes.copyWithin(headInput, taps[i]!.address, taps[i]!.address + bytes);
          head.writeResultTo(ofLayers.get(layer)!.address);
          this.#model.play('head', scored);
        }
      }
      return { logits, ...(hidden && { hidden }), ...(options.earlyExits && { earlyExits: ofLayers }) };
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
    const part = this.#model.parts.encode;
    const tape = this.#model.encode;
    if (part === undefined || tape === undefined)
      throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    this.#checkSize(frame);
    const store = storeFor(this.#setting.machine, frame, cacheShape(part.operations, this.#name, this.engine.name));
    try {
      const encoded = WasmMatrix.allocate(machine, 'The encoded source', frame.ids.length, part.result.columns);
      this.#model.frame.write(frame, store, true);
      this.#model.play('encode', frame.ids.length);
      this.#copy(tape.addressOf(part.result), rowBytes(part.result.root.columns), encoded);
      return encoded;
    } finally {
      store.dispose();
    }
  }

  encodeKeyValues(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues {
    this.#check();
    const { heap } = this.#setting.machine;
    const part = this.#model.parts.memorize;
    const tape = this.#model.memorize;
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
    const store = storeFor(this.#setting.machine, frame, cacheShape(part.operations, this.#name, this.engine.name));
    const input = tape.addressOf(part.input);
    // Each token is memorized by itself, so any number of them goes in several frames.
    for (let first = 0; first < tokens; first += this.maxTokens) {
      const last = Math.min(tokens, first + this.maxTokens);
      for (let token = first; token < last; token++) {
        const target = input + (token - first) * stride;
        if (encoded instanceof Float32Array)
          heap.views.float32.set(encoded.subarray(token * columns, (token + 1) * columns), target / 4);
        else
          heap.views.bytes.copyWithin(target, encoded.address + token * stride, encoded.address + (token + 1) * stride);
      }
      this.#model.frame.write(partOf(frame, first, last), store, true);
      this.#model.play('memorize', last - first);
    }
    for (const [row, length] of lengthsOf(frame)) store.grown(row, length);
    return new WasmSourceMemory(store);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#model.dispose();
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

  #sources(memory: EncoderKeyValues): PagedStore {
    if (!(memory instanceof WasmSourceMemory) || memory.store.pool.machine !== this.#setting.machine)
      throw new CacheError('The source memory belongs to another engine.');
    return memory.store;
  }

  #checkSize({ ids }: Frame): void {
    if (ids.length > this.maxTokens)
      throw new ShapeError(`A frame of at most ${this.maxTokens} tokens`, [this.maxTokens], [ids.length]);
  }

  #checkTapped(layers: readonly number[]): void {
    const { operations } = this.#model.parts.forward;
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
function partOf({ ids, rows, positions, slots }: Frame, from: number, to: number): Frame {
  return {
    ids: ids.subarray(from, to),
    rows: rows.subarray(from, to),
    positions: positions.subarray(from, to),
    slots: slots.subarray(from, to),
    scored: new Int32Array(0),
  };
}
