import { CacheError, type CacheKind, type Engine, ShapeError } from '@tokenwright/core';
import type {
  Architecture,
  EncoderDecoderArchitecture,
  EncoderKeyValues,
  EngineMatrix,
  Frame,
  KVStore,
  PendingChoice,
  PrepareOptions,
  RunOptions,
  RunResult,
  WeightSource,
} from '@tokenwright/core/engine';
import { rowBytes } from '../../graph/compiler.ts';
import { lengthsOf, reserve, rowsOf } from '../../graph/frames.ts';
import { cacheShape, type Part } from '../../graph/parts.ts';
import { RecordedExecutable, type RecordedModel, recordModel } from '../../graph/recorded-executable.ts';
import type { WeightOption } from '../../graph/weight-format.ts';
import { PagedEncoderKeyValues } from '../../paged/encoder-key-values.ts';
import type { CacheElement } from '../../paged/paged-rows.ts';
import { storeSetting } from '../../paged/store-setting.ts';
import { BlockPool } from '../cache/block-pool.ts';
import { PagedStore } from '../cache/paged-store.ts';
import { WebgpuChoice } from '../logits/choice.ts';
import { type MatrixSetting, WebgpuMatrix } from '../logits/matrix.ts';
import { cacheLayout } from '../shaders/attend.ts';
import { ModelOnDevice } from './on-device.ts';
import { headTokens, scoreInto, scoreTapped } from './scoring.ts';
import { encodeKeyValuesOfSources, encodeSources } from './sources.ts';

export interface ExecutableSetting extends MatrixSetting {
  readonly engine: Engine;
  readonly weights: WeightOption;
  readonly cacheElement: CacheElement;
  readonly onDispose: (executable: WebgpuExecutable) => void;
}

/** A model as lists of kernels. A run uploads the frame, submits once, and reads nothing back. */
export class WebgpuExecutable extends RecordedExecutable {
  readonly #setting: ExecutableSetting;
  readonly #model: ModelOnDevice;
  readonly #pools: Map<string, BlockPool> = new Map();

  private constructor(setting: ExecutableSetting, recorded: RecordedModel, model: ModelOnDevice) {
    super(setting.engine, recorded, model.weightBytes);
    this.#setting = setting;
    this.#model = model;
  }

  /**
   * Record, compile, check the size of every buffer, and load the weights. After a failure nothing is left allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not match.
   */
  static async prepare<C, P>(
    setting: ExecutableSetting,
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions,
  ): Promise<WebgpuExecutable> {
    const recorded = recordModel(architecture, config, source, setting.weights, () => ({ headTokens }));
    const model = await ModelOnDevice.load({ device: setting.device, ...recorded }, source, options);
    return new WebgpuExecutable(setting, recorded, model);
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.check();
    const { element, window } = storeSetting(kind, this.#setting.cacheElement);
    return new PagedStore(this.#pool('cache', this.parts.forward, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.check();
    const own = this.#own(store);
    this.checkSize(frame);
    const { device } = this.#setting;
    const model = this.#model;
    const { forward: part, head: headPart } = this.parts;
    const scored = frame.scored.length;
    const layers = this.earlyExitsOf(options);
    const sources = options.sources && {
      store: this.#encoderKeyValues(options.sources.memory),
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
      reserve(own, frame);
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
    this.check();
    const part = this.part('encode');
    this.checkSize(frame);
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
    this.check();
    const part = this.part('encodeKeyValues');
    const tokens = frame.ids.length;
    const { columns } = part.input;
    const own = this.ownEncoded(encoded, (matrix) => matrix instanceof WebgpuMatrix, tokens, columns);
    const store = new PagedStore(this.#pool('encoder', part, 'f32'), rowsOf(frame));
    try {
      encodeKeyValuesOfSources(this.#model, frame, store, own, this.maxTokens);
      return new PagedEncoderKeyValues(store);
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  protected override release(): void {
    this.#model.dispose();
    for (const pool of this.#pools.values()) pool.dispose();
    this.#setting.onDispose(this);
  }

  /** Bytes of the pools on the device, used or not. */
  get pooled(): { readonly bytes: number; readonly buffers: number } {
    const held = [...this.#pools.values()].filter(({ bytes }) => bytes > 0);
    return { bytes: held.reduce((sum, { bytes }) => sum + bytes, 0), buffers: held.length };
  }

  /** Bytes of the blocks of all caches; shared blocks count once. */
  get cacheBytes(): number {
    return [...this.#pools.values()].reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  protected override check(): void {
    this.#setting.device.check();
    super.check();
  }

  #own(store: KVStore): PagedStore {
    if (!(store instanceof PagedStore) || ![...this.#pools.values()].includes(store.pool))
      throw new CacheError(`The cache belongs to another engine or model than '${this.name}' here.`);
    return store;
  }

  #encoderKeyValues(held: EncoderKeyValues): PagedStore {
    const store = held instanceof PagedEncoderKeyValues ? (held.store as unknown) : undefined;
    if (!(store instanceof PagedStore) || store.pool !== this.#pools.get('encoder f32'))
      throw new CacheError('The encoder keys and values belong to another engine or model.');
    return store;
  }

  #chosen(choice: PendingChoice, { ids }: Frame): WebgpuChoice {
    if (!(choice instanceof WebgpuChoice) || choice.device !== this.#setting.device)
      throw new CacheError('The chosen tokens belong to another engine.');
    if (choice.rows !== ids.length) throw new ShapeError('Chosen tokens', [ids.length], [choice.rows]);
    return choice;
  }

  #pool(what: 'cache' | 'encode' | 'encoder', part: Part, element: CacheElement): BlockPool {
    const key = `${what} ${element}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BlockPool(
        this.#setting.device,
        cacheLayout(element, cacheShape(part.operations, this.name, this.engine.name)),
      );
      this.#pools.set(key, pool);
    }
    return pool;
  }
}
