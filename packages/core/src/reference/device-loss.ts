import * as tf from '@tensorflow/tfjs-core';
import { DeviceLostError } from '../errors.ts';

/** What the webgpu backend of TF.js holds: a device whose promise `lost` resolves when it is gone. */
interface BackendWithDevice {
  readonly device?: { readonly lost?: Promise<{ readonly reason?: string; readonly message?: string }> };
}

/** The members of TF.js's engine through which a backend is registered. */
interface Registries {
  readonly registry: Readonly<Record<string, BackendWithDevice | undefined>>;
  readonly registryFactory: Readonly<Record<string, { readonly priority?: number } | undefined>>;
}

const registries = (): Registries => tf.engine() as unknown as Registries;

/**
 * The device of a backend, watched for its loss. TF.js reports a loss as whatever its next call to WebGPU throws, such as
 * an AbortError without a message. Backends without a device are never lost.
 */
export class WatchedDevice {
  readonly #lost: Promise<unknown> | undefined;
  #failure: DeviceLostError | undefined;

  /** @param backend name of a backend that has started. */
  constructor(backend: string) {
    this.#lost = registries().registry[backend]?.device?.lost?.then(({ reason = 'unknown', message = '' }) => {
      this.#failure = new DeviceLostError(`The device of TF.js ${backend} was lost (${reason}): ${message}`);
    });
  }

  /** @throws DeviceLostError when the device is known to be lost. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A readback. @throws DeviceLostError when the device is lost before it completes. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    try {
      const result = await work();
      this.check();
      return result;
    } catch (error) {
      await nextTask(this.#lost);
      this.check();
      throw error;
    }
  }
}

/**
 * Register a backend again when its device is lost. Without it TF.js would keep the dead device for the rest of the
 * process. A backend that the application had selected is selected again.
 */
export async function replaceLostBackend(name: string): Promise<void> {
  const { registry, registryFactory } = registries();
  const factory = tf.findBackendFactory(name);
  const lost = registry[name]?.device?.lost;
  if (lost === undefined || factory === null || !(await nextTask(lost))) return;
  const priority = registryFactory[name]?.priority;
  const selected = tf.getBackend() === name;
  tf.removeBackend(name);
  tf.registerBackend(name, factory, priority);
  if (selected) await tf.setBackend(name);
}

/** Whether a promise is settled by the next task. */
function nextTask(promise: Promise<unknown> | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    void promise?.then(() => resolve(true));
    setTimeout(() => resolve(false), 0);
  });
}
