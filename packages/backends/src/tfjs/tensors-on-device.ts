import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { DeviceTensors, HeldTensor, TensorDevice } from '../webgpu/device/tensors.ts';
import { installGPU } from '../webgpu-in-node.ts';
import { importCore, importWebgpu } from './packages.ts';

type Tensorflow = typeof import('@tensorflow/tfjs-core');

/**
 * Lets TF.js compute on the device of the fused WebGPU engine, so that samplers with a TF.js form (`onDevice`) run
 * where the logits are. Needs the packages @tensorflow/tfjs-core and @tensorflow/tfjs-backend-webgpu.
 *
 * @throws Error with the install command.
 *
 * @example
 * ```ts
 * import { tensorsOnDevice } from '@tokenwright/backends/tfjs';
 * import { fusedWebgpu } from '@tokenwright/backends/webgpu';
 *
 * const engine = await fusedWebgpu({ tensors: tensorsOnDevice }).start();
 * ```
 */
export async function tensorsOnDevice(device: TensorDevice): Promise<DeviceTensors> {
  await installGPU();
  const tf = await importCore('@tensorflow/tfjs-backend-webgpu');
  const { WebGPUBackend } = await importAsLastChoice(tf);
  return new TfjsTensors(tf, device, new WebGPUBackend(device.gpu, device.gpu.adapterInfo));
}

/**
 * TF.js on one device, as a backend with its own name. Its kernels are the ones that the package registers for
 * 'webgpu'.
 */
class TfjsTensors implements DeviceTensors {
  readonly backend: string;
  readonly #tf: Tensorflow;
  readonly #device: TensorDevice;
  readonly #webgpu: WebGPUBackend;
  readonly #held: Set<Tensor2D> = new Set();

  constructor(tf: Tensorflow, device: TensorDevice, webgpu: WebGPUBackend) {
    this.#tf = tf;
    this.#device = device;
    this.#webgpu = webgpu;
    let backend = 'fused webgpu';
    for (let i = 2; tf.findBackendFactory(backend) !== null; i++) backend = `fused webgpu ${i}`;
    this.backend = backend;
    // The lowest priority: TF.js does not choose this backend by default.
    tf.registerBackend(backend, () => webgpu, 0);
    tf.copyRegisteredKernels('webgpu', backend);
  }

  get bytes(): number {
    return [...this.#held].reduce((sum, { size }) => sum + size * 4, 0);
  }

  get buffers(): number {
    return this.#held.size;
  }

  map(
    buffer: GPUBuffer,
    shape: readonly [number, number],
    work: (tensor: Tensor2D, tf: Tensorflow) => Tensor2D,
  ): HeldTensor {
    const tf = this.#tf;
    this.#device.check();
    return this.#selected(() => {
      try {
        const tensor = tf.tidy(() => {
          const given = tf.tensor({ buffer, zeroCopy: true }, [...shape], 'float32') as Tensor2D;
          const made = work(given, tf);
          // A cast from integers leaves integers in the buffer; only arithmetic converts them.
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

  release(tensor: Tensor2D): void {
    if (this.#held.delete(tensor)) tensor.dispose();
  }

  dispose(): void {
    const tf = this.#tf;
    for (const tensor of this.#held) tensor.dispose();
    this.#held.clear();
    tf.removeBackend(this.backend);
    for (const { kernelName } of tf.getKernelsForBackend(this.backend)) tf.unregisterKernel(kernelName, this.backend);
  }

  /** Run with this backend as the current one and every operation on the device, then restore both settings. */
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

  /** Submit the commands that TF.js has recorded. The queue executes its work and the engine's in order. */
  #submit(): void {
    this.#webgpu.ensureCommandEncoderReady();
    this.#webgpu.endComputePassEncoder();
    this.#webgpu.submitQueue();
  }
}

/**
 * The package makes its backend the preferred one of TF.js, which then fails until it is initialized. Here it gets the
 * lowest priority, unless the application had imported the package itself.
 */
async function importAsLastChoice(tf: Tensorflow): Promise<typeof import('@tensorflow/tfjs-backend-webgpu')> {
  const known = tf.findBackendFactory('webgpu') !== null;
  const module = await importWebgpu();
  const factory = tf.findBackendFactory('webgpu');
  if (!known && factory !== null) {
    tf.removeBackend('webgpu');
    tf.registerBackend('webgpu', factory, -1);
  }
  return module;
}
