import { CacheError, type CacheKind, type Engine } from '@tokenwright/core';
import type {
  Architecture,
  EncoderDecoderArchitecture,
  EncoderKeyValues,
  EngineMatrix,
  Frame,
  KVStore,
  PrepareOptions,
  RunOptions,
  RunResult,
  WeightSource,
} from '@tokenwright/core/engine';
import { rowBytes } from '../../graph/compiler.ts';
import { lengthsOf, partOf, reserve } from '../../graph/frames.ts';
import { cacheShape } from '../../graph/parts.ts';
import { RecordedExecutable, type RecordedModel, recordModel } from '../../graph/recorded-executable.ts';
import type { WeightOption } from '../../graph/weight-format.ts';
import { PagedEncoderKeyValues } from '../../paged/encoder-key-values.ts';
import type { CacheElement, CacheShape } from '../../paged/paged-rows.ts';
import { storeSetting } from '../../paged/store-setting.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { storeFor } from '../cache/frame-store.ts';
import { PagedStore } from '../cache/paged-store.ts';
import type { Machine } from '../module/machine.ts';
import { ModelInMemory } from './in-memory.ts';
import { WasmMatrix } from './matrix.ts';
import type { Profile } from './profile.ts';

export interface ExecutableSetting {
  readonly engine: Engine;
  readonly machine: Machine;
  readonly weights: WeightOption;
  readonly cacheElement: CacheElement;
  /** Collects the times of steps, when profiling. */
  readonly profile: Profile | undefined;
  /** Called once when the executable is disposed. */
  readonly onDispose: (executable: WasmExecutable) => void;
}

/** A model as tapes of kernel calls. A run writes the frame and plays the tapes. */
export class WasmExecutable extends RecordedExecutable {
  readonly #setting: ExecutableSetting;
  readonly #model: ModelInMemory;
  readonly #pools: Map<CacheElement, BlockPool> = new Map();

  private constructor(setting: ExecutableSetting, recorded: RecordedModel, model: ModelInMemory) {
    super(setting.engine, recorded, model.weightBytes);
    this.#setting = setting;
    this.#model = model;
  }

  /**
   * Record, compile, check that everything fits, and load the weights. After a failure nothing is left allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not match.
   */
  static async prepare<C, P>(
    setting: ExecutableSetting,
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions,
  ): Promise<WasmExecutable> {
    // The last hidden states of the scored tokens are tapped for the head.
    const recorded = recordModel(architecture, config, source, setting.weights, (layers) => ({
      tapResult: layers + 1,
      logitsOutside: true,
    }));
    const sizes = { ...recorded, engineName: setting.engine.name };
    return new WasmExecutable(setting, recorded, await ModelInMemory.load({ ...setting, ...sizes }, source, options));
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.check();
    const shape = cacheShape(this.#model.parts.forward.operations, this.name, this.engine.name);
    const { element, window } = storeSetting(kind, this.#setting.cacheElement);
    return new PagedStore(this.#pool(shape, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.check();
    const own = this.#own(store);
    this.checkSize(frame);
    const { forward, head, frame: memory, parts } = this.#model;
    const { forward: part, head: headPart } = parts;
    const { machine } = this.#setting;
    const scored = frame.scored.length;
    const layers = this.earlyExitsOf(options);

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
      memory.tapInto(this.layers + 1, headInput);
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
    this.check();
    const { machine } = this.#setting;
    const part = this.part('encode');
    const tape = this.#model.encode!;
    this.checkSize(frame);
    const store = storeFor(this.#setting.machine, frame, cacheShape(part.operations, this.name, this.engine.name));
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
    this.check();
    const { heap } = this.#setting.machine;
    const part = this.part('encodeKeyValues');
    const tape = this.#model.encodeKeyValues!;
    const tokens = frame.ids.length;
    const { columns } = part.input;
    const stride = rowBytes(columns);
    const own = this.ownEncoded(encoded, (matrix) => matrix instanceof WasmMatrix, tokens, columns);
    const store = storeFor(this.#setting.machine, frame, cacheShape(part.operations, this.name, this.engine.name));
    const input = tape.addressOf(part.input);
    // Tokens are independent, so they can be split over several frames.
    for (let first = 0; first < tokens; first += this.maxTokens) {
      const last = Math.min(tokens, first + this.maxTokens);
      for (let token = first; token < last; token++) {
        const target = input + (token - first) * stride;
        if (own instanceof Float32Array)
          heap.views.float32.set(own.subarray(token * columns, (token + 1) * columns), target / 4);
        else heap.views.bytes.copyWithin(target, own.address + token * stride, own.address + (token + 1) * stride);
      }
      this.#model.frame.write(partOf(frame, first, last), store, true);
      this.#model.play('encodeKeyValues', last - first);
    }
    for (const [row, length] of lengthsOf(frame)) store.grown(row, length);
    return new PagedEncoderKeyValues(store);
  }

  protected override release(): void {
    this.#model.dispose();
    this.#setting.onDispose(this);
  }

  #own(store: KVStore): PagedStore {
    const own = store instanceof PagedStore && this.#pools.get(store.pool.element) === store.pool;
    if (!own) throw new CacheError(`The cache belongs to another engine or model than '${this.name}' here.`);
    return store;
  }

  #sources(memory: EncoderKeyValues): PagedStore {
    const store = memory instanceof PagedEncoderKeyValues ? (memory.store as unknown) : undefined;
    if (!(store instanceof PagedStore) || store.pool.machine !== this.#setting.machine)
      throw new CacheError('The encoder keys and values belong to another engine.');
    return store;
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
