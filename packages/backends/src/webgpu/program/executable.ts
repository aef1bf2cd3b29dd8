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
  type PendingChoice,
  type PrepareOptions,
  type RunOptions,
  type RunResult,
  requestWeights,
  type WeightSource,
} from '@tokenwright/core/engine';
import { rowBytes } from '../../graph/compiler.ts';
import { cacheShape, type Part, type Parts, record } from '../../graph/parts.ts';
import { formatFor, parametersOf, type WeightOption } from '../../graph/weight-format.ts';
import type { CacheElement } from '../../paged/paged-rows.ts';
import { storeSetting } from '../../paged/store-setting.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { WebgpuSourceMemory } from '../cache/encoder-key-values.ts';
import { PagedStore } from '../cache/paged-store.ts';
import { WebgpuChoice } from '../logits/choice.ts';
import { type MatrixSetting, WebgpuMatrix } from '../logits/matrix.ts';
import { cacheLayout } from '../shaders/attend.ts';
import { lengthsOf, reserve, rowsOf } from './frame.ts';
import { ModelOnDevice } from './on-device.ts';
import { headTokens, scoreInto, scoreTapped } from './scoring.ts';
import { encodeSources, memorizeSources } from './sources.ts';

/** Most tokens of a frame. */
const frameTokens = 256;
/** Most tokens of a source: its tokens see each other, so they have to fit a frame. */
const longestSource = 1024;

export interface ExecutableSetting extends MatrixSetting {
  readonly engine: Engine;
  readonly weights: WeightOption;
  readonly cacheElement: CacheElement;
  readonly onDispose: (executable: WebgpuExecutable) => void;
}

/** A model as lists of kernels that are played. A run uploads the frame, submits once, and reads nothing back. */
export class WebgpuExecutable implements Executable {
  readonly engine: Engine;
  readonly maxTokens: number;
  readonly weightBytes: number;
  readonly #setting: ExecutableSetting;
  readonly #name: string;
  readonly #model: ModelOnDevice;
  readonly #pools: Map<string, BlockPool> = new Map();
  #disposed = false;

  private constructor(setting: ExecutableSetting, name: string, maxTokens: number, model: ModelOnDevice) {
    this.#setting = setting;
    this.engine = setting.engine;
    this.maxTokens = maxTokens;
    this.weightBytes = model.weightBytes;
    this.#name = name;
    this.#model = model;
  }

  /**
   * Record, compile, check that every buffer may be as large as it must, and load the weights. A failure leaves nothing allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not fit.
   */
  static async prepare<C, P>(
    setting: ExecutableSetting,
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions,
  ): Promise<WebgpuExecutable> {
    const { device } = setting;
    const { weights, requests } = requestWeights(architecture, config, source);
    const { contextLength } = architecture.dimensions(config);
    const sourceLength = 'sourceLength' in architecture ? architecture.sourceLength(config) : 0;
    const maxTokens = Math.max(frameTokens, Math.min(sourceLength, longestSource));
    // A source fits a frame, whatever the model would allow.
    const maxSlots = Math.max(contextLength, maxTokens);
    const parts = record(architecture, config, weights, requests, { maxTokens, headTokens });
    const format = formatFor(setting.weights, parametersOf(requests));
    const model = { device, parts, requests, format, maxTokens, maxSlots };
    return new WebgpuExecutable(
      setting,
      architecture.name,
      maxTokens,
      await ModelOnDevice.load(model, source, options),
    );
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.#check();
    const { element, window } = storeSetting(kind, this.#setting.cacheElement);
    return new PagedStore(this.#pool('cache', this.#model.parts.forward, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.#check();
    const own = this.#own(store);
    this.#checkSize(frame);
    const { device } = this.#setting;
    const model = this.#model;
    const { forward: part, head: headPart } = model.parts;
    const scored = frame.scored.length;
    const layers = [...new Set(options.earlyExits ?? [])];
    this.#checkTapped(layers);
    const sources = options.sources && {
      store: this.#memory(options.sources.memory),
      ofRow: options.sources.ofRow,
    };
    const ids = options.ids && this.#chosen(options.ids, frame);
    const results: WebgpuMatrix[] = [];
    const taps = new Map<number, GPUBuffer>();
    const matrix = (what: string, rows: number, columns: number): WebgpuMatrix => {
      const result = WebgpuMatrix.make(this.#setting, what, rows, columns);
      results.push(result);
      return result;
    };
    try {
      reserve(frame, own);
      const logits = matrix('logits', scored, headPart.result.columns);
      const hidden = options.hidden ? matrix('hidden states', frame.ids.length, part.result.columns) : undefined;
      const ofLayers = new Map(layers.map((layer) => [layer, matrix('logits', scored, headPart.result.columns)]));
      const stride = rowBytes(headPart.input.columns);
      for (const layer of layers) taps.set(layer, device.storage('hidden states', Math.max(1, scored) * stride));

      const plan = model.frame.write(frame, { store: own, ...(sources && { sources }) });
      if (scored > headTokens) model.frame.score(0, headTokens);
      const encoder = device.gpu.createCommandEncoder();
      if (ids !== undefined) model.frame.takeIds(encoder, ids);
      const pass = encoder.beginComputePass();
      model.forward.play({
        pass,
        count: plan.tokens,
        shares: plan.shares,
        cache: own.pool,
        memory: sources?.store.pool,
        taps,
        scored,
      });
      if (hidden !== undefined) model.copyHidden.play(pass, hidden.buffer, plan.tokens);
      scoreInto(model, encoder, pass, scored, logits);
      for (const [layer, target] of ofLayers) scoreTapped(model, taps.get(layer)!, stride, scored, target);
      for (const [row, length] of lengthsOf(frame)) own.grown(row, length);
      return { logits, ...(hidden && { hidden }), ...(options.earlyExits && { earlyExits: ofLayers }) };
    } catch (error) {
      for (const result of results) result.dispose();
      throw error;
    } finally {
      for (const buffer of taps.values()) device.release(buffer);
    }
  }

  encode(frame: Frame): EngineMatrix {
    this.#check();
    const part = this.#part('encode');
    this.#checkSize(frame);
    const store = new PagedStore(this.#pool('encode', part, 'f32'), rowsOf(frame));
    const encoded = WebgpuMatrix.make(this.#setting, 'encoded source', frame.ids.length, part.result.columns);
    try {
      encodeSources(this.#model, frame, store, encoded);
      return encoded;
    } catch (error) {
      encoded.dispose();
      throw error;
    } finally {
      store.dispose();
    }
  }

  encodeKeyValues(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues {
    this.#check();
    const part = this.#part('memorize');
    const tokens = frame.ids.length;
    const { columns } = part.input;
    if (!(encoded instanceof Float32Array || encoded instanceof WebgpuMatrix))
      throw new CacheError('The encoded source belongs to another engine.');
    const rows = encoded instanceof Float32Array ? encoded.length / columns : encoded.rows;
    if (rows !== tokens || (!(encoded instanceof Float32Array) && encoded.columns !== columns))
      throw new ShapeError('The encoded source', [tokens, columns], [rows, columns]);
    const store = new PagedStore(this.#pool('memory', part, 'f32'), rowsOf(frame));
    try {
      memorizeSources(this.#model, frame, store, encoded, this.maxTokens);
      return new WebgpuSourceMemory(store);
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#model.dispose();
    for (const pool of this.#pools.values()) pool.dispose();
    this.#setting.onDispose(this);
  }

  /** What the pools hold on the device, in use or not. */
  get pooled(): { readonly bytes: number; readonly buffers: number } {
    const held = [...this.#pools.values()].filter(({ bytes }) => bytes > 0);
    return { bytes: held.reduce((sum, { bytes }) => sum + bytes, 0), buffers: held.length };
  }

  /** Bytes of the blocks that caches hold; blocks that are shared count once. */
  get cacheBytes(): number {
    return [...this.#pools.values()].reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  #check(): void {
    this.#setting.device.check();
    if (this.#disposed) throw new DisposedError(`The model '${this.#name}' on ${this.engine.name}`);
  }

  /** A part that only models with a source have. */
  #part<Name extends 'encode' | 'memorize'>(name: Name): NonNullable<Parts[Name]> {
    const part = this.#model.parts[name];
    if (part === undefined) throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    return part;
  }

  #own(store: KVStore): PagedStore {
    if (!(store instanceof PagedStore) || ![...this.#pools.values()].includes(store.pool))
      throw new CacheError(`The cache belongs to another engine or model than '${this.#name}' here.`);
    return store;
  }

  #memory(memory: EncoderKeyValues): PagedStore {
    if (!(memory instanceof WebgpuSourceMemory) || memory.store.pool !== this.#pools.get('memory f32'))
      throw new CacheError('The source memory belongs to another engine or model.');
    return memory.store;
  }

  #chosen(choice: PendingChoice, { ids }: Frame): WebgpuChoice {
    if (!(choice instanceof WebgpuChoice) || choice.device !== this.#setting.device)
      throw new CacheError('The chosen tokens belong to another engine.');
    if (choice.rows !== ids.length) throw new ShapeError('Chosen tokens', [ids.length], [choice.rows]);
    return choice;
  }

  #checkSize({ ids }: Frame): void {
    if (ids.length > this.maxTokens)
      throw new ShapeError(`A frame of at most ${this.maxTokens} tokens`, [this.maxTokens], [ids.length]);
  }

  #checkTapped(layers: readonly number[]): void {
    const { operations } = this.#model.parts.forward;
    for (const layer of layers)
      if (!operations.some((operation) => operation.kind === 'tap' && operation.layer === layer))
        throw new UnsupportedError(`an early exit after layer ${layer}`, `The architecture '${this.#name}'`);
  }

  #pool(what: 'cache' | 'encode' | 'memory', part: Part, element: CacheElement): BlockPool {
    const key = `${what} ${element}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BlockPool(
        this.#setting.device,
        cacheLayout(element, cacheShape(part.operations, this.#name, this.engine.name)),
      );
      this.#pools.set(key, pool);
    }
    return pool;
  }
}
