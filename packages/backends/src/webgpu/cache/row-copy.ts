import type { Device } from '../device/device.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { copyRowsKernel } from '../shaders/rows.ts';

export interface RowCopySetting {
  readonly columns: number;
  /** All tokens, or the scored ones. */
  readonly which: 'all' | 'scored';
  readonly maxTokens: number;
  /** The parameters of `copyRowsKernel`. */
  readonly places: GPUBufferBinding;
  readonly frame: GPUBuffer;
  readonly arena: GPUBuffer;
}

/** Copies rows of a value in the arena to other buffers. The kernel is created once, the bindings once per buffer. */
export class RowCopy {
  readonly #device: Device;
  readonly #setting: RowCopySetting;
  readonly #kernel: Kernel;
  readonly #bindings: WeakMap<GPUBuffer, GPUBindGroup> = new WeakMap();

  constructor(device: Device, setting: RowCopySetting) {
    this.#device = device;
    this.#setting = setting;
    this.#kernel = copyRowsKernel(setting.columns, setting.which, setting.maxTokens);
  }

  play(pass: GPUComputePassEncoder, target: GPUBuffer, rows: number): void {
    const { places, frame, arena, columns } = this.#setting;
    let bindings = this.#bindings.get(target);
    if (bindings === undefined) {
      bindings = this.#device.bind(this.#kernel, [places, frame, arena, target]);
      this.#bindings.set(target, bindings);
    }
    pass.setPipeline(this.#device.pipeline(this.#kernel));
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(Math.ceil(columns / 64), rows);
    this.#device.dispatches++;
  }
}
