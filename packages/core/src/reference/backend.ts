import * as tf from '@tensorflow/tfjs-core';

/**
 * Run synchronous TF.js operations on a given backend, then select the previous backend again, also after an error.
 * TF.js has one current backend, which belongs to the application. Selecting one that is ready takes effect at once.
 */
export function onBackend<T>(name: string, work: () => T): T {
  const before = tf.getBackend();
  if (before === name) return work();
  void tf.setBackend(name);
  try {
    return work();
  } finally {
    selectAgain(before);
  }
}

/**
 * Start a backend, then select the previous one again. If the application has not used TF.js yet, TF.js first chooses
 * its default backend.
 *
 * @returns whether the backend starts.
 */
export async function startBackend(name: string): Promise<boolean> {
  await settleBackend();
  const before = tf.getBackend();
  if (before === name) return true;
  try {
    if (!(await tf.setBackend(name))) return false;
    writeOnceQuietly();
    return true;
  } finally {
    selectAgain(before);
  }
}

/**
 * Let TF.js choose its current backend, as at the first operation of an application. Does nothing when there is one, or
 * none to choose from.
 */
export async function settleBackend(): Promise<void> {
  if (tf.getBackend() || tf.engine().backendNames().length === 0) return;
  try {
    await tf.ready();
    writeOnceQuietly();
  } catch {
    // No registered backend starts: TF.js reports that at the first operation of the application.
  }
}

function selectAgain(name: string | undefined): void {
  if (name && tf.getBackend() !== name && tf.findBackendFactory(name) !== null) void tf.setBackend(name);
}

/** In Node, the cpu backend of TF.js prints an advertisement at its first write, unless TF.js is in production mode. */
function writeOnceQuietly(): void {
  const before = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    tf.tensor1d([0]).dispose();
  } finally {
    tf.env().set('PROD', before);
  }
}

/** Tensors that outlive a tidy, counted per engine, so that a leak can be attributed. */
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
