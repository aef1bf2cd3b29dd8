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
  /** Where shares of split attentions are left. */
  readonly partials: GPUBuffer;
  readonly maxTokens: number;
  readonly counted: 'tokens' | 'scored';
}

/** One passage over a tape. */
export interface Play {
  readonly pass: GPUComputePassEncoder;
  /** Tokens, or scored tokens, that it goes over. */
  readonly count: number;
  readonly shares: number;
  readonly cache?: BlockPool | undefined;
  readonly memory?: BlockPool | undefined;
  /** Layers whose hidden states are wanted, and where the rows of scored tokens go. */
  readonly taps?: ReadonlyMap<number, GPUBuffer>;
  readonly scored?: number;
}

/** Work groups in three dimensions. */
export type Groups = readonly [number, number, number];
export type Resource = GPUBuffer | GPUBufferBinding;
/** A step of a tape, ready to be started. */
export type Player = (play: Play) => void;
/** Starts a kernel with what it binds. */
export type Starter = (pass: GPUComputePassEncoder, groups: Groups) => void;

/** Bytes between parameters of steps: the least alignment that every device accepts. */
const parameterStride = 256;

/** Gives the steps of a program their places, parameters, pipelines and bindings, each made once. */
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

  /** Where a vector or table starts among the weights; 0 for none. */
  vector(weight: Weight | undefined): number {
    return this.weights.place(weight);
  }

  /** Write the parameters of a step; the slice of the buffer that it binds. */
  write(index: number, numbers: readonly number[]): GPUBufferBinding {
    const words = new Uint32Array(16);
    words.set(numbers);
    const offset = index * parameterStride;
    this.device.gpu.queue.writeBuffer(this.#parameters, offset, words);
    return { buffer: this.#parameters, offset, size: 64 };
  }

  /** A step that binds the same things always. */
  fixed(kernel: Kernel, resources: readonly Resource[], groups: (count: number) => Groups): Player {
    const start = this.starter(kernel, resources);
    return ({ pass, count }) => start(pass, groups(count));
  }

  /** The pipeline and the bindings of a kernel, made at the first use. */
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
