import * as tf from '@tensorflow/tfjs-core';
import type { DrawKey } from '../draw/race.ts';
import type {
  CacheKind,
  EncoderKeyValues,
  Engine,
  EngineMatrix,
  EngineMemory,
  Executable,
  Frame,
  KVStore,
  PrepareOptions,
  RunOptions,
  RunResult,
  WeightSource,
} from '../engine/engine.ts';
import type { Architecture, EncoderDecoderArchitecture } from '../engine/operations.ts';
import { requestWeights } from '../engine/weight-requests.ts';
import { CacheError, DisposedError, ParameterError, ShapeError, UnsupportedError } from '../errors.ts';
import { onBackend, startBackend, TensorLedger } from './backend.ts';
import { chooseOnDevice, maskOnDevice, readChoice } from './choose-on-device.ts';
import { replaceLostBackend, WatchedDevice } from './device-loss.ts';
import { dynamicStore } from './dynamic-store.ts';
import { TensorOperations } from './operations.ts';
import { staticStore } from './static-store.ts';
import { type KeysAndValues, RowStore, type StoreSetting } from './store.ts';
import { TensorWeights } from './weights.ts';
import { type SlotWriter, slotWriter } from './write-in-place.ts';

/** Options of {@link referenceEngine}. */
export interface ReferenceEngineOptions {
  /** Name of a TF.js backend that is registered. */
  readonly backend: string;
  /** Maximum number of bytes for weights. Default: 4 GiB on wasm (its address space), no limit on other backends. */
  readonly memoryLimit?: number;
  /** Called with one sentence when the engine runs slower than it should. Default: `console.warn`, once per message. */
  readonly onNotice?: (message: string) => void;
}

/**
 * The engine that defines correct results: every operation in public TF.js functions, executed at once, on any backend. The backend
 * that the application has selected in TF.js stays selected. When the device or context of a backend is lost, calls are a
 * `DeviceLostError`, and a new engine starts the backend again.
 *
 * @throws ParameterError when TF.js has no such backend or cannot start it.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { referenceEngine } from '@tokenwright/core/reference';
 *
 * const engine = await referenceEngine({ backend: 'cpu' });
 * ```
 */
export async function referenceEngine({
  backend,
  memoryLimit,
  onNotice = printNotice,
}: ReferenceEngineOptions): Promise<Engine> {
  await replaceLostBackend(backend);
  if (tf.findBackendFactory(backend) === null || !(await startBackend(backend)))
    throw new ParameterError('referenceEngine', 'backend', 'a TF.js backend that is registered and starts', backend);
  const limit = memoryLimit ?? (backend === 'wasm' ? 2 ** 32 : Infinity);
  const writer = await slotWriter(backend);
  const notices: string[] = [];
  if (typeof writer === 'string') {
    notices.push(
      `Caches of kind 'static' grow by concatenation on TF.js ${backend}, as 'dynamic' does, and are slower: ${writer}.`,
    );
    // On other backends this is expected.
    if (['cpu', 'wasm', 'webgpu'].includes(backend)) onNotice(notices[0]!);
  }
  return new ReferenceEngine(backend, limit, typeof writer === 'string' ? undefined : writer, notices);
}

const printed: Set<string> = new Set();

function printNotice(message: string): void {
  if (printed.has(message)) return;
  printed.add(message);
  console.warn(`Tokenwright: ${message}`);
}

class ReferenceEngine implements Engine {
  readonly name: string;
  readonly tensorBackend: string;
  readonly readbackIsExpensive: boolean;
  readonly ledger: TensorLedger = new TensorLedger();
  readonly device: WatchedDevice;
  readonly writer: SlotWriter | undefined;
  readonly notices: readonly string[];
  readonly #memoryLimit: number;
  #disposed = false;

  constructor(backend: string, memoryLimit: number, writer: SlotWriter | undefined, notices: readonly string[]) {
    this.notices = notices;
    this.name = `tfjs ${backend}`;
    this.tensorBackend = backend;
    this.device = new WatchedDevice(backend);
    this.readbackIsExpensive = backend === 'webgl' || backend === 'webgpu';
    this.writer = writer;
    this.#memoryLimit = memoryLimit;
  }

  async prepare<C, P>(
    architecture: Architecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions = {},
  ): Promise<Executable> {
    this.check();
    const { weights, requests } = requestWeights(architecture, config, source);
    const tensors = new TensorWeights(this.tensorBackend, this.ledger);
    await tensors.load(source, requests, this.#memoryLimit, options);
    return new TensorExecutable(this, architecture, config, weights, tensors);
  }

  memory(): EngineMemory {
    return { bytes: this.ledger.bytes, buffers: this.ledger.buffers };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.ledger.releaseAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** @throws DisposedError, DeviceLostError. */
  check(): void {
    if (this.#disposed) throw new DisposedError(`The engine '${this.name}'`);
    this.device.check();
  }
}

class TensorExecutable<C, P> implements Executable {
  readonly engine: ReferenceEngine;
  readonly maxTokens = 2048;
  readonly #architecture: Architecture<C, P>;
  readonly #config: C;
  readonly #weights: P;
  readonly #tensors: TensorWeights;

  constructor(
    engine: ReferenceEngine,
    architecture: Architecture<C, P>,
    config: C,
    weights: P,
    tensors: TensorWeights,
  ) {
    this.engine = engine;
    this.#architecture = architecture;
    this.#config = config;
    this.#weights = weights;
    this.#tensors = tensors;
  }

  get weightBytes(): number {
    return this.#tensors.bytes;
  }

  createStore(rows: number, cache: CacheKind): KVStore {
    this.engine.check();
    const { layers, kvHeads, headDim } = this.#architecture.dimensions(this.#config);
    const { ledger, device, tensorBackend: backend, writer } = this.engine;
    const setting: StoreSetting = { backend, ledger, device, layers, kvHeads, headDim };
    switch (cache.kind) {
      case 'dynamic':
        return dynamicStore(setting, rows);
      case 'static':
        return writer === undefined ? dynamicStore(setting, rows) : staticStore(setting, rows, writer);
      default:
        throw new UnsupportedError(`a cache of kind '${cache.kind}'`, this.engine.name, "Use 'static' or 'dynamic'.");
    }
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    if (!(store instanceof RowStore))
      throw new CacheError(`The cache belongs to another engine than ${this.engine.name}.`);
    const { sources } = options;
    const taps = new Map((options.earlyExits ?? []).map((layer) => [layer, undefined as tf.Tensor2D | undefined]));
    return this.#inScope(() => {
      const operations = new TensorOperations(this.#tensors, {
        frame,
        store,
        taps,
        ...(sources && {
          encoderKeyValues: (layer: number, row: number) => keyValuesOf(sources.memory, layer, sources.ofRow[row]!),
        }),
      });
      const hidden = this.#architecture.forward(operations, this.#weights, this.#config);
      const head = (x: tf.Tensor2D): EngineMatrix =>
        this.#matrix(this.#architecture.head(operations, this.#weights, this.#config, scoredOf(x, frame.scored)));
      return {
        logits: head(hidden),
        ...(options.hidden === true ? { hidden: this.#matrix(hidden) } : {}),
        ...(options.earlyExits === undefined
          ? {}
          : {
              earlyExits: new Map(
                [...taps].map(([layer, x]) => [layer, head(tapped(x, layer, this.#architecture.name))]),
              ),
            }),
      };
    });
  }

  encode(frame: Frame): EngineMatrix {
    const architecture = this.#encoderDecoder();
    return this.#inScope(() => {
      const operations = new TensorOperations(this.#tensors, { frame, taps: new Map() });
      return this.#matrix(architecture.encode(operations, this.#weights, this.#config));
    });
  }

  encodeKeyValues(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues {
    const architecture = this.#encoderDecoder();
    return this.#inScope(() => {
      const { width } = architecture.dimensions(this.#config);
      const x = encoded instanceof Float32Array ? tf.tensor2d(encoded, [frame.ids.length, width]) : tensorOf(encoded);
      const keyValues = new TensorEncoderKeyValues(this.engine.ledger);
      const operations = new TensorOperations(this.#tensors, {
        frame,
        taps: new Map(),
        storeEncoderKeyValues: (layer, row, content) => keyValues.put(layer, row, content),
      });
      try {
        architecture.encoderKeyValues(operations, this.#weights, this.#config, x);
        return keyValues;
      } catch (error) {
        keyValues.dispose();
        throw error;
      }
    });
  }

  dispose(): void {
    this.#tensors.dispose();
  }

  #inScope<T>(work: () => T): T {
    this.engine.check();
    return onBackend(this.engine.tensorBackend, () => {
      tf.engine().startScope(this.#architecture.name);
      try {
        return work();
      } finally {
        tf.engine().endScope();
      }
    });
  }

  #matrix(tensor: tf.Tensor2D): EngineMatrix {
    // The clone lets each result be disposed separately, even when two names refer to one tensor.
    return new TensorMatrix(this.engine, tf.clone(tensor));
  }

  #encoderDecoder(): EncoderDecoderArchitecture<C, P> {
    if (!('encode' in this.#architecture))
      throw new UnsupportedError('a source text', `The architecture '${this.#architecture.name}'`);
    return this.#architecture as EncoderDecoderArchitecture<C, P>;
  }
}

class TensorMatrix implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly #engine: ReferenceEngine;
  #tensor: tf.Tensor2D | undefined;

  constructor(engine: ReferenceEngine, tensor: tf.Tensor2D) {
    this.#engine = engine;
    this.#tensor = engine.ledger.hold(tensor);
    [this.rows, this.columns] = tensor.shape;
  }

  async read(rows?: readonly number[]): Promise<Float32Array> {
    const tensor = this.#live();
    // On cpu the values are those of the tensor itself, so they are copied.
    const { device, tensorBackend } = this.#engine;
    if (rows === undefined) return device.read(async () => ((await tensor.data()) as Float32Array).slice());
    device.check();
    const picked = onBackend(tensorBackend, () => tf.tidy(() => tf.gather(tensor, tf.tensor1d([...rows], 'int32'))));
    try {
      return await device.read(async () => ((await picked.data()) as Float32Array).slice());
    } finally {
      picked.dispose();
    }
  }

  /** Owned by this matrix. */
  get tensor(): tf.Tensor2D {
    return this.#live();
  }

  map(work: (tensor: tf.Tensor2D, tensorflow: typeof tf) => tf.Tensor2D): TensorMatrix {
    const tensor = this.#live();
    const engine = this.#engine;
    engine.device.check();
    return onBackend(engine.tensorBackend, () => {
      const result = tf.tidy(() => tf.clone(work(tensor, tf)));
      return new TensorMatrix(engine, result);
    });
  }

  mask(masks: readonly Uint32Array[]): TensorMatrix {
    return this.map((tensor) => maskOnDevice(tensor, masks));
  }

  async choose(keys: readonly DrawKey[] | undefined): Promise<Int32Array> {
    const tensor = this.#live();
    if (keys !== undefined && keys.length !== this.rows) throw new ShapeError('Keys', [this.rows], [keys.length]);
    const { device, tensorBackend } = this.#engine;
    device.check();
    const choice = onBackend(tensorBackend, () => tf.tidy(() => chooseOnDevice(tensor, keys)));
    try {
      return readChoice(await device.read(async () => (await choice.data()) as Float32Array));
    } finally {
      choice.dispose();
    }
  }

  dispose(): void {
    if (this.#tensor !== undefined) this.#engine.ledger.release(this.#tensor);
    this.#tensor = undefined;
  }

  #live(): tf.Tensor2D {
    if (this.#tensor === undefined) throw new DisposedError('A matrix of the engine');
    return this.#tensor;
  }
}

class TensorEncoderKeyValues implements EncoderKeyValues {
  readonly #ledger: TensorLedger;
  readonly #content: KeysAndValues[][] = [];

  constructor(ledger: TensorLedger) {
    this.#ledger = ledger;
  }

  get sources(): number {
    return this.#content[0]?.length ?? 0;
  }

  get bytes(): number {
    return this.#content.flat().reduce((sum, { keys, values }) => sum + (keys.size + values.size) * 4, 0);
  }

  put(layer: number, source: number, { keys, values }: KeysAndValues): void {
    this.#content[layer] ??= [];
    this.#content[layer][source] = {
      keys: this.#ledger.hold(tf.clone(keys)),
      values: this.#ledger.hold(tf.clone(values)),
    };
  }

  get(layer: number, source: number): KeysAndValues {
    const content = this.#content[layer]?.[source];
    if (content === undefined) throw new DisposedError('The encoder keys and values');
    return content;
  }

  dispose(): void {
    for (const { keys, values } of this.#content.flat()) {
      this.#ledger.release(keys);
      this.#ledger.release(values);
    }
    this.#content.length = 0;
  }
}

function keyValuesOf(held: EncoderKeyValues, layer: number, source: number): KeysAndValues {
  if (!(held instanceof TensorEncoderKeyValues))
    throw new CacheError('The encoder keys and values belong to another engine.');
  return held.get(layer, source);
}

function tensorOf(encoded: EngineMatrix): tf.Tensor2D {
  if (!(encoded instanceof TensorMatrix)) throw new CacheError('The encoder output belongs to another engine.');
  return encoded.tensor;
}

function scoredOf(x: tf.Tensor2D, scored: Int32Array): tf.Tensor2D {
  if (scored.length === x.shape[0]) return x;
  if (scored.length === 1) return tf.slice(x, [scored[0]!, 0], [1, x.shape[1]]);
  return tf.gather(x, tf.tensor1d(scored, 'int32'));
}

function tapped(x: tf.Tensor2D | undefined, layer: number, architecture: string): tf.Tensor2D {
  if (x === undefined)
    throw new UnsupportedError(`an early exit after layer ${layer}`, `The architecture '${architecture}'`);
  return x;
}
