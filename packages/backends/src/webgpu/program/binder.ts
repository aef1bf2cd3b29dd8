import type { Weight } from '@tokenwright/core/engine';
import { type Program, rowBytes } from '../../graph/compiler.ts';
import type { Value } from '../../graph/recorder.ts';
import type { BlockPool } from '../cache/block-pool.ts';
import type { Device } from '../device/device.ts';
import type { Kernel } from '../shaders/kernel.ts';
import type { Weights } from '../weights/weights.ts';

export interface TapeSetting {
  readonly frame: GPUBuffer;
  readonly arena: GPUBuffer;
  /** Partial results of split attention. */
  readonly partials: GPUBuffer;
  readonly maxTokens: number;
  readonly counted: 'tokens' | 'scored';
}

/** One pass over a tape. */
export interface Play {
  readonly pass: GPUComputePassEncoder;
  /** Number of tokens, or scored tokens, in the pass. */
  readonly count: number;
  readonly shares: number;
  readonly cache?: BlockPool | undefined;
  readonly memory?: BlockPool | undefined;
  /** Requested early exits, and the target buffers of their scored rows. */
  readonly taps?: ReadonlyMap<number, GPUBuffer>;
  readonly scored?: number;
}

/** Work groups in three dimensions. */
export type Groups = readonly [number, number, number];
export type Resource = GPUBuffer | GPUBufferBinding;
/** A step of a tape, ready to run. */
export type Player = (play: Play) => void;
/** Runs a kernel with its bindings. */
export type Starter = (pass: GPUComputePassEncoder, groups: Groups) => void;

/** Bytes between the parameters of steps: the smallest alignment that every device accepts. */
const parameterStride = 256;

/** Provides offsets, parameters, pipelines and bindings for the steps of a program, each created once. */
export class Binder {
  readonly device: Device;
  readonly weights: Weights;
  readonly setting: TapeSetting;
  readonly #program: Program;
  readonly #parameters: GPUBuffer;

  constructor(device: Device, program: Program, weights: Weights, setting: TapeSetting) {
    this.device = device;
    this.weights = weights;
    this.setting = setting;
    this.#program = program;
    this.#parameters = device.uniform('parameters', Math.max(1, program.steps.length) * parameterStride);
  }

  /** Offset of a value in the arena and the stride of its rows, both in numbers. */
  place(value: Value): readonly [number, number] {
    return [(this.#program.offsets.get(value.root) ?? 0) / 4 + value.first, rowBytes(value.root.columns) / 4];
  }

  /** Offset of a vector or table among the weights; 0 for none. */
  vector(weight: Weight | undefined): number {
    return this.weights.place(weight);
  }

  /** Write the parameters of a step. Returns the slice of the buffer to bind. */
  write(index: number, numbers: readonly number[]): GPUBufferBinding {
    const words = new Uint32Array(16);
    words.set(numbers);
    const offset = index * parameterStride;
    this.device.gpu.queue.writeBuffer(this.#parameters, offset, words);
    return { buffer: this.#parameters, offset, size: 64 };
  }

  /** A step whose bindings never change. */
  fixed(kernel: Kernel, resources: readonly Resource[], groups: (count: number) => Groups): Player {
    const start = this.starter(kernel, resources);
    return ({ pass, count }) => start(pass, groups(count));
  }

  /** The pipeline and the bindings of a kernel, created on first use. */
  starter(kernel: Kernel, resources: readonly Resource[]): Starter {
    let pipeline: GPUComputePipeline | undefined;
    let bindings: GPUBindGroup | undefined;
    return (pass, groups) => {
      pipeline ??= this.device.pipeline(kernel);
      bindings ??= this.device.bind(kernel, resources);
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(...groups);
      this.device.dispatches++;
    };
  }

  dispose(): void {
    this.device.release(this.#parameters);
  }
}
