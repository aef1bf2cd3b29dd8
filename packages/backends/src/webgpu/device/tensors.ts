import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { EngineUnavailableError } from '@tokenwright/core';
import { installGPU } from '../../webgpu-in-node.ts';
import type { Device } from './device.ts';

type Tensorflow = typeof import('@tensorflow/tfjs-core');

/** A tensor that outlives the operations that made it, and the buffer that it lies in. */
export interface HeldTensor {
  readonly tensor: Tensor2D;
  readonly buffer: GPUBuffer;
}

/**
 * TF.js on the device of the engine, as a backend of its own name, so that tensors and matrices are the same buffers. The kernels
 * are those that the backend 'webgpu' of the same package registers.
 */
export class DeviceTensors {
  /** Name of the backend. */
  readonly backend: string;
  readonly #tf: Tensorflow;
  readonly #device: Device;
  readonly #webgpu: WebGPUBackend;
  readonly #held: Set<Tensor2D> = new Set();

  private constructor(tf: Tensorflow, device: Device, webgpu: WebGPUBackend) {
    this.#tf = tf;
    this.#device = device;
    this.#webgpu = webgpu;
    let backend = 'fused webgpu';
    for (let i = 2; tf.findBackendFactory(backend) !== null; i++) backend = `fused webgpu ${i}`;
    this.backend = backend;
    // The lowest priority: nobody gets this backend who has not asked for it.
    tf.registerBackend(backend, () => webgpu, 0);
    tf.copyRegisteredKernels('webgpu', backend);
  }

  /** @throws EngineUnavailableError when the package @tensorflow/tfjs-backend-webgpu is missing. */
  static async start(device: Device, engine: string): Promise<DeviceTensors> {
    try {
      await installGPU();
      const tf = await import('@tensorflow/tfjs-core');
      const { WebGPUBackend } = await importQuietly(tf);
      return new DeviceTensors(tf, device, new WebGPUBackend(device.gpu, device.gpu.adapterInfo));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = `tensors need the package @tensorflow/tfjs-backend-webgpu: ${message}`;
      throw new EngineUnavailableError([{ engine, reason }], { cause: error });
    }
  }

  get bytes(): number {
    return [...this.#held].reduce((sum, { size }) => sum + size * 4, 0);
  }

  get buffers(): number {
    return this.#held.size;
  }

  /** What `work` makes of a buffer of [rows, columns] numbers, which TF.js reads where it lies. The result may lie there too. */
  map(buffer: GPUBuffer, shape: readonly [number, number], work: (tensor: Tensor2D) => Tensor2D): HeldTensor {
    const tf = this.#tf;
    this.#device.check();
    return this.#selected(() => {
      try {
        const tensor = tf.tidy(() => {
          const given = tf.tensor({ buffer, zeroCopy: true }, [...shape], 'float32') as Tensor2D;
          const made = work(given);
          // A cast from integers leaves the integers in the buffer; only arithmetic turns them into numbers.
          const inBuffer = this.#webgpu.tensorMap.get(made.dataId).dtype;
          return inBuffer === 'float32' ? tf.clone(made) : (tf.mul(tf.cast(made, 'float32'), 1) as Tensor2D);
        });
        tf.keep(tensor);
        this.#held.add(tensor);
        return { tensor, buffer: this.#bufferOf(tensor) };
      } finally {
        this.#submit();
      }
    });
  }

  /** A copy of such a buffer that belongs to the caller. */
  copy(buffer: GPUBuffer, shape: readonly [number, number]): Tensor2D {
    const { tensor } = this.map(buffer, shape, (given) => this.#tf.slice(given, [0, 0], [...shape]));
    this.#held.delete(tensor);
    return tensor;
  }

  release(tensor: Tensor2D): void {
    if (this.#held.delete(tensor)) tensor.dispose();
  }

  /** The device itself stays. */
  dispose(): void {
    const tf = this.#tf;
    for (const tensor of this.#held) tensor.dispose();
    this.#held.clear();
    tf.removeBackend(this.backend);
    for (const { kernelName } of tf.getKernelsForBackend(this.backend)) tf.unregisterKernel(kernelName, this.backend);
  }

  /** Run with this backend as the current one, and every operation on the device; afterwards all is as it was. */
  #selected<T>(work: () => T): T {
    const tf = this.#tf;
    const before = tf.getBackend();
    const onHost = tf.env().getBool('WEBGPU_CPU_FORWARD');
    void tf.setBackend(this.backend);
    tf.env().set('WEBGPU_CPU_FORWARD', false);
    try {
      return work();
    } finally {
      tf.env().set('WEBGPU_CPU_FORWARD', onHost);
      if (before) void tf.setBackend(before);
    }
  }

  #bufferOf({ dataId }: Tensor2D): GPUBuffer {
    this.#webgpu.uploadToGPU(dataId);
    return this.#webgpu.tensorMap.get(dataId).resource as GPUBuffer;
  }

  /** Submit what TF.js has noted so far: the queue keeps the order of its work and ours. */
  #submit(): void {
    this.#webgpu.ensureCommandEncoderReady();
    this.#webgpu.endComputePassEncoder();
    this.#webgpu.submitQueue();
  }
}

/**
 * The package, without what it does by itself: it makes its backend the first choice of TF.js, which then fails until somebody has
 * waited for it. Here it becomes the last.
 */
async function importQuietly(tf: Tensorflow): Promise<typeof import('@tensorflow/tfjs-backend-webgpu')> {
  const known = tf.findBackendFactory('webgpu') !== null;
  const module = await import('@tensorflow/tfjs-backend-webgpu');
  const factory = tf.findBackendFactory('webgpu');
  if (!known && factory !== null) {
    tf.removeBackend('webgpu');
    tf.registerBackend('webgpu', factory, -1);
  }
  return module;
}
