import * as tf from '@tensorflow/tfjs-core';

/**
 * Run synchronous TF.js operations on a given backend. TF.js has one current backend; selecting one that is ready takes
 * effect at once, so engines on different backends can live side by side.
 */
export function onBackend<T>(name: string, work: () => T): T {
  if (tf.getBackend() !== name) void tf.setBackend(name);
  return work();
}

/** Tensors that outlive a tidy, counted per engine, so that a leak has an owner. */
export class TensorLedger {
  readonly #held: Set<tf.Tensor> = new Set();
  #bytes = 0;

  hold<T extends tf.Tensor>(tensor: T): T {
    tf.keep(tensor);
    this.#held.add(tensor);
    this.#bytes += tensor.size * 4;
    return tensor;
  }

  release(tensor: tf.Tensor): void {
    if (!this.#held.delete(tensor)) return;
    this.#bytes -= tensor.size * 4;
    tensor.dispose();
  }

  releaseAll(): void {
    for (const tensor of [...this.#held]) this.release(tensor);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get buffers(): number {
    return this.#held.size;
  }
}
