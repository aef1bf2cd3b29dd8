import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '@tokenwright/core/engine';

/** A tensor that outlives the operations that created it, and the buffer with its values. */
export interface HeldTensor {
  readonly tensor: Tensor2D;
  readonly buffer: GPUBuffer;
}

/** The part of the engine's device that {@link DeviceTensors} uses. */
export interface TensorDevice {
  readonly gpu: GPUDevice;
  /** @throws DeviceLostError when the device is gone. */
  check(): void;
}

/** TF.js on the device of the engine, so that tensors and matrices are the same buffers. */
export interface DeviceTensors {
  /** Name of the TF.js backend. */
  readonly backend: string;
  readonly bytes: number;
  readonly buffers: number;
  /**
   * The result of `work` on a buffer of [rows, columns] float32 numbers, which TF.js reads in place. It may be the same
   * buffer.
   */
  map(
    buffer: GPUBuffer,
    shape: readonly [number, number],
    work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D,
  ): HeldTensor;
  release(tensor: Tensor2D): void;
  /** Releases all tensors and the backend. The device itself is kept. */
  dispose(): void;
}

/**
 * Starts TF.js on a device: `tensorsOnDevice` of `@tokenwright/backends/tfjs`. Rejects with the reason when it cannot
 * start.
 */
export type TensorStarter = (device: TensorDevice) => Promise<DeviceTensors>;
