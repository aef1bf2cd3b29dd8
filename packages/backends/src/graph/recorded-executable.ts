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
  type RunOptions,
  type RunResult,
  requestWeights,
  type WeightRequest,
  type WeightSource,
} from '@tokenwright/core/engine';
import { type Parts, type RecordOptions, record } from './parts.ts';
import { formatFor, parametersOf, type WeightFormat, type WeightOption } from './weight-format.ts';

/**
 * Maximum number of tokens in a frame: enough to amortize reading the weights, few enough to keep activations small.
 */
const frameTokens = 256;
/** Maximum number of source tokens. Source tokens see each other, so they must fit in one frame. */
const longestSource = 1024;

/** A model that is recorded and compiled, but not yet loaded. */
export interface RecordedModel {
  /** Name of the architecture, for errors. */
  readonly name: string;
  readonly layers: number;
  /** Maximum number of tokens in a frame. */
  readonly maxTokens: number;
  /** Maximum number of slots of a cache row or a source. */
  readonly maxSlots: number;
  readonly requests: readonly WeightRequest[];
  readonly format: WeightFormat;
  readonly parts: Parts;
}

/**
 * Request the weights of a model, then record and compile its parts.
 *
 * @param options of the recording, for a model with this many layers.
 * @throws LoadError or ShapeError for a checkpoint that does not match the architecture.
 */
export function recordModel<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  config: C,
  source: WeightSource,
  option: WeightOption,
  options: (layers: number) => Omit<RecordOptions, 'maxTokens'>,
): RecordedModel {
  const { name } = architecture;
  const { weights, requests } = requestWeights(architecture, config, source);
  const { layers, contextLength } = architecture.dimensions(config);
  const sourceLength = 'sourceLength' in architecture ? architecture.sourceLength(config) : 0;
  const maxTokens = Math.max(frameTokens, Math.min(sourceLength, longestSource));
  return {
    name,
    layers,
    maxTokens,
    maxSlots: Math.max(contextLength, maxTokens),
    requests,
    format: formatFor(option, parametersOf(requests)),
    parts: record(architecture, config, weights, requests, { maxTokens, ...options(layers) }),
  };
}

/** The common base of the executables of the fused engines. */
export abstract class RecordedExecutable implements Executable {
  readonly engine: Engine;
  readonly maxTokens: number;
  readonly weightBytes: number;
  /** The weight format of matrices. */
  readonly weightFormat: WeightFormat;
  protected readonly name: string;
  protected readonly layers: number;
  protected readonly parts: Parts;
  #disposed = false;

  protected constructor(engine: Engine, model: RecordedModel, weightBytes: number) {
    this.engine = engine;
    this.name = model.name;
    this.layers = model.layers;
    this.maxTokens = model.maxTokens;
    this.weightFormat = model.format;
    this.parts = model.parts;
    this.weightBytes = weightBytes;
  }

  abstract createStore(rows: number, kind: CacheKind): KVStore;
  abstract run(frame: Frame, store: KVStore, options?: RunOptions): RunResult;
  abstract encode(frame: Frame): EngineMatrix;
  abstract encodeKeyValues(encoded: EngineMatrix | Float32Array, frame: Frame): EncoderKeyValues;

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.release();
  }

  /** Release the model's memory. Called once. */
  protected abstract release(): void;

  /** @throws DisposedError after `dispose`. */
  protected check(): void {
    if (this.#disposed) throw new DisposedError(`The model '${this.name}' on ${this.engine.name}`);
  }

  /** @throws ShapeError for a frame with too many tokens. */
  protected checkSize({ ids }: Frame): void {
    if (ids.length > this.maxTokens)
      throw new ShapeError(`A frame of at most ${this.maxTokens} tokens`, [this.maxTokens], [ids.length]);
  }

  /** Removes duplicates. @throws UnsupportedError for a layer without an early exit. */
  protected earlyExitsOf({ earlyExits = [] }: RunOptions): readonly number[] {
    const { operations } = this.parts.forward;
    const layers = [...new Set(earlyExits)];
    for (const layer of layers)
      if (layer > this.layers || !operations.some((operation) => operation.kind === 'tap' && operation.layer === layer))
        throw new UnsupportedError(`an early exit after layer ${layer}`, `The architecture '${this.name}'`);
    return layers;
  }

  /** A part that only encoder-decoder models have. @throws UnsupportedError for other models. */
  protected part<Name extends 'encode' | 'encodeKeyValues'>(name: Name): NonNullable<Parts[Name]> {
    const part = this.parts[name];
    if (part === undefined) throw new UnsupportedError('a source text', `The architecture '${this.name}'`);
    return part;
  }

  /**
   * Encoder output, [tokens, columns], as a matrix of this engine or as values.
   * @throws CacheError for a matrix of another engine, ShapeError for another shape.
   */
  protected ownEncoded<Matrix extends EngineMatrix>(
    encoded: EngineMatrix | Float32Array,
    isOwn: (matrix: EngineMatrix) => matrix is Matrix,
    tokens: number,
    columns: number,
  ): Matrix | Float32Array {
    if (!(encoded instanceof Float32Array || isOwn(encoded)))
      throw new CacheError('The encoder output belongs to another engine.');
    const shape =
      encoded instanceof Float32Array ? [encoded.length / columns, columns] : [encoded.rows, encoded.columns];
    if (shape[0] !== tokens || shape[1] !== columns)
      throw new ShapeError('The encoder output', [tokens, columns], shape);
    return encoded;
  }
}
