import { DisposedError } from '@tokenwright/core';
import type { PendingChoice } from '@tokenwright/core/engine';
import type { Device } from '../device/device.ts';

/** Chosen tokens in a buffer from which the next frame can take them, while they are also read back to the host. */
export class WebgpuChoice implements PendingChoice {
  readonly device: Device;
  readonly rows: number;
  readonly #reading: Promise<Int32Array>;
  #buffer: GPUBuffer | undefined;
  #ids: Int32Array | undefined;

  /** @param buffer ownership is taken. It is read back at once, so that later submissions do not delay it. */
  constructor(device: Device, buffer: GPUBuffer, rows: number) {
    this.device = device;
    this.#buffer = buffer;
    this.rows = rows;
    this.#reading = this.#read(buffer);
    // A caller of `read` receives the error. Without a caller, the rejection must not be unhandled.
    this.#reading.catch(() => {});
  }

  get buffer(): GPUBuffer {
    if (this.#buffer === undefined) throw new DisposedError('A choice of the engine');
    return this.#buffer;
  }

  get ids(): Int32Array | undefined {
    return this.#ids;
  }

  read(): Promise<Int32Array> {
    return this.#reading;
  }

  dispose(): void {
    if (this.#buffer !== undefined) this.device.release(this.#buffer);
    this.#buffer = undefined;
  }

  async #read(buffer: GPUBuffer): Promise<Int32Array> {
    this.#ids = new Int32Array(await this.device.read(buffer, [{ from: 0, bytes: this.rows * 4 }]));
    return this.#ids;
  }
}
