import { UnsupportedError } from '@tokenwright/core';
import {
  type MatrixRequest,
  outputsOf,
  type PrepareOptions,
  type RelativeBias,
  readMatrix,
  readVector,
  type Weight,
  type WeightRequest,
  type WeightSource,
} from '@tokenwright/core/engine';
import type { Operation } from '../../graph/recorder.ts';
import { bucketOf } from '../../graph/relative-bias.ts';
import { largestWeight, refuseWeight, type WeightFormat, watchRounding } from '../../graph/weight-format.ts';
import type { Device } from '../device/device.ts';
import { type MatrixLayout, matrixLayout } from '../shaders/matrix-layout.ts';
import { MatrixPacker } from './matrix-packer.ts';

/** A matrix in a buffer of its own. */
export interface PackedMatrix {
  readonly buffer: GPUBuffer;
  readonly layout: MatrixLayout;
}

/** A relative bias on the device: one number per head and distance, up to its reach. */
interface SpreadBias {
  readonly bias: RelativeBias<Weight>;
  readonly heads: number;
  /** First number in the shared buffer. */
  readonly at: number;
  /** Keys farther away than this share the bucket of this distance. */
  readonly reach: number;
}

/**
 * The weights of a model on the device. Each matrix has its own buffer; vectors, and tables of positions and angles,
 * share one.
 */
export class Weights {
  readonly #device: Device;
  readonly #requests: readonly WeightRequest[];
  readonly #format: WeightFormat;
  readonly #layouts: Map<Weight, MatrixLayout> = new Map();
  readonly #matrices: Map<Weight, GPUBuffer> = new Map();
  /** Offset in the shared buffer of vectors, tables and biases. */
  readonly #places: Map<Weight, number> = new Map();
  readonly #biases: Map<Weight, SpreadBias> = new Map();
  readonly #vectorCount: number;
  #vectors: GPUBuffer | undefined;
  readonly #name: string;
  /** Bytes of the weights. */
  readonly bytes: number;

  /**
   * @param maxSlots largest distance between a query and a key.
   * @throws MemoryLimitError when a weight is larger than a buffer may be; UnsupportedError for a weight with two uses.
   */
  constructor(
    device: Device,
    name: string,
    requests: readonly WeightRequest[],
    operations: readonly Operation[],
    format: WeightFormat,
    maxSlots: number,
  ) {
    this.#device = device;
    this.#name = name;
    this.#requests = requests;
    this.#format = format;
    const packed = packedWeights(operations);
    let numbers = 0;
    let bytes = 0;
    for (const request of requests) {
      const [rows, columns] = shapeOf(request);
      if (packed.has(request.weight)) {
        const layout = matrixLayout(request.kind === 'matrix' ? format : 'f32', rows, columns);
        device.checkSize(`${name}: ${labelOf(request)}`, layout.words * 4);
        this.#layouts.set(request.weight, layout);
        bytes += layout.words * 4;
      } else {
        this.#places.set(request.weight, numbers);
        numbers += rows * columns;
      }
    }
    for (const operation of operations) {
      if (operation.kind !== 'attend' || operation.options.bias === undefined) continue;
      const { bias, heads } = operation.options;
      if (this.#biases.has(bias.table)) continue;
      // All distances from maxDistance on share the last bucket.
      const reach = Math.min(bias.maxDistance, maxSlots);
      this.#biases.set(bias.table, { bias, heads, at: numbers, reach });
      numbers += heads * (2 * reach + 1);
    }
    device.checkSize(`${name}: vectors and tables`, numbers * 4);
    this.#vectorCount = numbers;
    this.bytes = bytes + numbers * 4;
  }

  /**
   * Create all buffers, before anything is read.
   * @throws MemoryLimitError, with nothing allocated.
   */
  async allocate(): Promise<void> {
    const matrices = this.#requests.filter(({ weight }) => this.#layouts.has(weight));
    const [vectors, ...buffers] = await this.#device.allocate(`The weights of ${this.#name}`, [
      { what: `${this.#name}: vectors and tables`, bytes: Math.max(1, this.#vectorCount) * 4 },
      ...matrices.map((request) => ({
        what: `${this.#name}: ${labelOf(request)}`,
        bytes: this.layout(request.weight).words * 4,
      })),
    ]);
    this.#vectors = vectors;
    for (const [i, { weight }] of matrices.entries()) this.#matrices.set(weight, buffers[i]!);
  }

  /** Read and upload the requested weights. A failure releases everything. */
  async load(given: WeightSource, { onProgress, onNotice, signal }: PrepareOptions): Promise<void> {
    const packed = this.#requests.filter(({ weight }) => this.#layouts.has(weight));
    const rounding = watchRounding(given, packed, this.#format);
    const { source } = rounding;
    const { queue } = this.#device.gpu;
    const total = this.#requests
      .flatMap((request) => ('names' in request ? request.names : []))
      .reduce((sum, name) => sum + source.bytes(name), 0);
    const vectors = new Float32Array(Math.max(1, this.#vectorCount));
    let loaded = 0;
    try {
      for (const request of this.#requests) {
        signal?.throwIfAborted();
        const values = await readValues(source, request);
        const layout = this.#layouts.get(request.weight);
        if (layout === undefined) vectors.set(values, this.#places.get(request.weight)!);
        else {
          const packer = new MatrixPacker(layout);
          const { format, inputs } = layout;
          const broken = format === 'f32' ? -1 : firstBeyond(values, largestWeight(format));
          if (broken >= 0) {
            const place = [Math.floor(broken / inputs), broken % inputs] as const;
            refuseWeight(this.#name, 'names' in request ? request.names : [], place, values[broken]!, format);
          }
          for (let row = 0; row < layout.rows; row++)
            packer.pack(row, values.subarray(row * inputs, (row + 1) * inputs));
          queue.writeBuffer(this.#matrices.get(request.weight)!, 0, packer.words);
        }
        for (const name of 'names' in request ? request.names : []) loaded += source.bytes(name);
        onProgress?.(loaded, total);
      }
      for (const spread of this.#biases.values()) this.#spread(vectors, spread);
      queue.writeBuffer(this.vectors, 0, vectors);
      const notice = rounding.notice();
      if (notice !== undefined) onNotice?.(notice);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get vectors(): GPUBuffer {
    return this.#vectors!;
  }

  /** Offset of a vector or table in `vectors`, in numbers; 0 for none. */
  place(weight: Weight | undefined): number {
    if (weight === undefined) return 0;
    const place = this.#places.get(weight);
    if (place === undefined) throw new UnsupportedError('a weight that it did not load', 'The WebGPU engine');
    return place;
  }

  layout(weight: Weight): MatrixLayout {
    const layout = this.#layouts.get(weight);
    if (layout === undefined) throw new UnsupportedError('a matrix that it did not load', 'The WebGPU engine');
    return layout;
  }

  matrix(weight: Weight): PackedMatrix {
    return { buffer: this.#matrices.get(weight)!, layout: this.layout(weight) };
  }

  /** Offset in `vectors` of the bias by key minus query, [heads, 2 * reach + 1], and its reach. */
  relativeBias(bias: RelativeBias<Weight>): { readonly at: number; readonly reach: number } {
    return this.#biases.get(bias.table)!;
  }

  dispose(): void {
    for (const buffer of this.#matrices.values()) this.#device.discard(buffer);
    this.#matrices.clear();
    if (this.#vectors !== undefined) this.#device.discard(this.#vectors);
    this.#vectors = undefined;
  }

  #spread(numbers: Float32Array, { bias, heads, at, reach }: SpreadBias): void {
    const table = this.#places.get(bias.table)!;
    const span = 2 * reach + 1;
    for (let offset = -reach; offset <= reach; offset++) {
      const bucket = bucketOf(offset, bias);
      for (let head = 0; head < heads; head++)
        numbers[at + head * span + offset + reach] = numbers[table + bucket * heads + head]!;
    }
  }
}

/** The first number whose magnitude is not at most `limit`, which NaN is not; -1 when there is none. */
function firstBeyond(values: Float32Array, limit: number): number {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]!) <= limit)) return i;
  return -1;
}

/** Name of a weight in errors. */
function labelOf(request: WeightRequest): string {
  return 'names' in request ? request.names.join(', ') : 'a table';
}

/** Weights of linear maps and embeddings are packed. */
function packedWeights(operations: readonly Operation[]): Set<Weight> {
  const packed = new Set<Weight>();
  const plain = new Set<Weight>();
  for (const operation of operations) {
    if (operation.kind === 'linear' || operation.kind === 'gated') packed.add(operation.weight);
    if (operation.kind === 'embed') packed.add(operation.table);
    if (operation.kind === 'embed' && operation.options.positions !== undefined) plain.add(operation.options.positions);
    if (operation.kind === 'positions') plain.add(operation.table);
    if (operation.kind === 'rotary') plain.add(operation.options.table);
    if (operation.kind === 'attend' && operation.options.bias !== undefined) plain.add(operation.options.bias.table);
  }
  for (const weight of plain)
    if (packed.has(weight))
      throw new UnsupportedError('one weight as a table of positions and as a matrix', 'The WebGPU engine');
  return packed;
}

function shapeOf(request: WeightRequest): readonly [number, number] {
  if (request.kind === 'matrix') return [outputsOf(request.shape), request.shape.inputs];
  if (request.kind === 'table') return [request.rows, request.width];
  return [1, request.lengths.reduce((sum, n) => sum + n, 0)];
}

async function readValues(source: WeightSource, request: WeightRequest): Promise<Float32Array> {
  if (request.kind === 'table') return request.values();
  if (request.kind === 'vector') return readVector(source, request);
  return readMatrix(source, request as MatrixRequest, 'output-input');
}
