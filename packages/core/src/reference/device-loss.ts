import * as tf from '@tensorflow/tfjs-core';
import { DeviceLostError } from '../errors.ts';

/** The context of the webgl backend. Its canvas gets an event when the context is gone. */
interface WebglContext {
  readonly canvas: EventTarget;
  isContextLost(): boolean;
}

/** What the webgpu and webgl backends of TF.js hold: a device whose promise `lost` resolves when it is gone, and a context. */
interface BackendWithDevice {
  readonly device?: { readonly lost?: Promise<{ readonly reason?: string; readonly message?: string }> };
  readonly gpgpu?: { readonly gl?: WebglContext; readonly itemsToPoll?: unknown[] };
}

/** The members of TF.js's engine through which a backend is registered. */
interface Registries {
  readonly registry: Readonly<Record<string, BackendWithDevice | undefined>>;
  readonly registryFactory: Readonly<Record<string, { readonly priority?: number } | undefined>>;
}

const registries = (): Registries => tf.engine() as unknown as Registries;

/**
 * The device of a backend, watched for its loss. TF.js reports the loss of a WebGPU device as whatever its next call throws,
 * such as an AbortError without a message. After the loss of a WebGL context it computes nothing, and its readbacks never
 * end. Backends without a device are never lost.
 */
export class WatchedDevice {
  readonly #backend: string;
  readonly #context: WebglContext | undefined;
  readonly #lost: Promise<void> | undefined;
  /** Readbacks under way. */
  readonly #waiting: Set<(reason: unknown) => void> = new Set();
  #failure: DeviceLostError | undefined;

  /** @param backend name of a backend that has started. */
  constructor(backend: string) {
    this.#backend = backend;
    const { device, gpgpu } = registries().registry[backend] ?? {};
    this.#context = gpgpu?.gl;
    this.#lost =
      this.#context === undefined
        ? device?.lost?.then(({ reason = 'unknown', message = '' }) => this.#fail(`(${reason}): ${message}`))
        : lossOfContext(this.#context).then(() => this.#fail(contextLost));
  }

  /** @throws DeviceLostError when the device is known to be lost. */
  check(): void {
    if (this.#context?.isContextLost() === true) this.#fail(contextLost);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A readback. @throws DeviceLostError when the device is lost before it completes. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    try {
      const result = await (this.#context === undefined ? work() : this.#unlessLost(work()));
      this.check();
      return result;
    } catch (error) {
      await nextTask(this.#lost);
      this.check();
      throw error;
    }
  }

  /** A readback that would wait for a lost context forever. Nothing of it is kept once it ends. */
  #unlessLost<T>(reading: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      void reading.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  #fail(how: string): void {
    this.#failure ??= new DeviceLostError(`The device of TF.js ${this.#backend} was lost ${how}`);
    for (const reject of this.#waiting) reject(this.#failure);
  }
}

const contextLost = '(context lost): WebGL reported it.';

const losses: WeakMap<WebglContext, Promise<void>> = new WeakMap();

/** Resolves when a context is lost. One listener for all engines. */
function lossOfContext(context: WebglContext): Promise<void> {
  let loss = losses.get(context);
  if (loss === undefined) {
    loss = new Promise((resolve) => {
      context.canvas.addEventListener('webglcontextlost', () => resolve(), { once: true });
    });
    losses.set(context, loss);
  }
  return loss;
}

/**
 * Register a backend again when its device is lost. Without it TF.js would keep the dead device for the rest of the
 * process. A backend that the application had selected is selected again.
 */
export async function replaceLostBackend(name: string): Promise<void> {
  const { registry, registryFactory } = registries();
  const factory = tf.findBackendFactory(name);
  const { device, gpgpu } = registry[name] ?? {};
  const isLost = gpgpu?.gl?.isContextLost() === true || (await nextTask(device?.lost));
  if (factory === null || !isLost) return;
  // TF.js would ask the lost context for the end of its work forever.
  if (gpgpu?.itemsToPoll !== undefined) gpgpu.itemsToPoll.length = 0;
  const priority = registryFactory[name]?.priority;
  const selected = tf.getBackend() === name;
  tf.removeBackend(name);
  tf.registerBackend(name, factory, priority);
  if (selected) await tf.setBackend(name);
}

/** Whether a promise is settled by the next task. */
function nextTask(promise: Promise<unknown> | undefined): Promise<boolean> {
  if (promise === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    void promise.then(() => resolve(true));
    setTimeout(() => resolve(false), 0);
  });
}
