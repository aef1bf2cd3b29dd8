import * as tf from '@tensorflow/tfjs-core';
import type { PrepareOptions, WeightSource } from '../engine/engine.ts';
import type { Weight } from '../engine/operations.ts';
import { elementsOf, outputsOf, readMatrix, readVector, type WeightRequest } from '../engine/weight-requests.ts';
import { MemoryLimitError, UnsupportedError } from '../errors.ts';
import { onBackend, type TensorLedger } from './backend.ts';

/** Weights as tensors, by the handles that the model uses. */
export class TensorWeights {
  readonly #backend: string;
  readonly #ledger: TensorLedger;
  readonly #tensors: Map<Weight, tf.Tensor> = new Map();
  readonly #embeddings: Set<Weight> = new Set();
  readonly #transposed: Map<Weight, tf.Tensor2D> = new Map();

  constructor(backend: string, ledger: TensorLedger) {
    this.#backend = backend;
    this.#ledger = ledger;
  }

  get bytes(): number {
    return [...this.#tensors.values(), ...this.#transposed.values()].reduce((sum, tensor) => sum + tensor.size * 4, 0);
  }

  /** Read and upload the requested weights. A failure releases what was already uploaded. */
  async load(
    source: WeightSource,
    requests: readonly WeightRequest[],
    memoryLimit: number,
    options: PrepareOptions,
  ): Promise<void> {
    this.#checkSize(source, requests, memoryLimit);
    const names = new Map(requests.map((request) => [request, 'names' in request ? request.names : []]));
    const total = [...names.values()].flat().reduce((sum, name) => sum + source.bytes(name), 0);
    let loaded = 0;
    try {
      for (const request of requests) {
        options.signal?.throwIfAborted();
        const values = await this.#read(source, request);
        this.#tensors.set(
          request.weight,
          onBackend(this.#backend, () => this.#ledger.hold(tf.tensor(values, this.#shape(request), 'float32'))),
        );
        if (request.kind === 'matrix' && request.shape.use === 'embedding') this.#embeddings.add(request.weight);
        for (const name of names.get(request)!) loaded += source.bytes(name);
        options.onProgress?.(loaded, total);
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  vector(weight: Weight): tf.Tensor1D {
    return this.#held(weight) as tf.Tensor1D;
  }

  /** In the requested shape: [rows, columns] of an embedding or table, [inputs, outputs] of any other matrix. */
  matrix(weight: Weight): tf.Tensor2D {
    return this.#held(weight) as tf.Tensor2D;
  }

  isEmbedding(weight: Weight): boolean {
    return this.#embeddings.has(weight);
  }

  /**
   * An embedding as the right side of a matrix product, [columns, rows]. Copied once: the wasm backend multiplies by a
   * transposed matrix several times more slowly.
   */
  transposedMatrix(weight: Weight): tf.Tensor2D {
    let tensor = this.#transposed.get(weight);
    if (tensor === undefined) {
      tensor = this.#ledger.hold(tf.transpose(this.matrix(weight)));
      this.#transposed.set(weight, tensor);
    }
    return tensor;
  }

  dispose(): void {
    for (const tensor of [...this.#tensors.values(), ...this.#transposed.values()]) this.#ledger.release(tensor);
    this.#tensors.clear();
    this.#transposed.clear();
  }

  #held(weight: Weight): tf.Tensor {
    const tensor = this.#tensors.get(weight);
    if (tensor === undefined) throw new UnsupportedError('a weight that it did not load', 'The reference engine');
    return tensor;
  }

  /** float32 sizes. The matrix product of the wasm backend keeps a second, packed copy of each matrix. */
  #checkSize(source: WeightSource, requests: readonly WeightRequest[], memoryLimit: number): void {
    const copies = this.#backend === 'wasm' ? 2 : 1;
    const needed = requests.reduce(
      (sum, request) => sum + elementsOf(request) * 4 * (request.kind === 'matrix' ? copies : 1),
      0,
    );
    if (needed > memoryLimit)
      throw new MemoryLimitError(`${source.name} on TF.js ${this.#backend}`, needed, memoryLimit);
  }

  async #read(source: WeightSource, request: WeightRequest): Promise<Float32Array> {
    if (request.kind === 'table') return request.values();
    if (request.kind === 'vector') return readVector(source, request);
    return readMatrix(source, request, request.shape.use === 'embedding' ? 'output-input' : 'input-output');
  }

  #shape(request: WeightRequest): number[] {
    if (request.kind === 'table') return [request.rows, request.width];
    if (request.kind === 'vector') return [elementsOf(request)];
    const { inputs, use } = request.shape;
    const outputs = outputsOf(request.shape);
    return use === 'embedding' ? [outputs, inputs] : [inputs, outputs];
  }
}
