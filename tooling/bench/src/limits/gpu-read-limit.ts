import type { Gpu } from './gpu.ts';

const storage = 0x80;
const copySource = 0x04;
const copyTarget = 0x08;
const mapRead = 0x01;

/** Threads of a work group, and work groups. */
const threads = 256;
const groups = 2048;

/** The value of each word is its index. Threads sum vectors with a stride of `threads * groups`, so adjacent threads read adjacent vectors. */
const code = `
@group(0) @binding(0) var<storage, read_write> words : array<vec4u>;
@group(0) @binding(1) var<storage, read_write> sums : array<u32>;
@compute @workgroup_size(${threads})
fn fill(@builtin(global_invocation_id) id : vec3u) {
  for (var i = id.x; i < arrayLength(&words); i += ${threads * groups}u) { words[i] = 4u * i + vec4u(0u, 1u, 2u, 3u); }
}
@compute @workgroup_size(${threads})
fn read(@builtin(global_invocation_id) id : vec3u) {
  var sum = vec4u(0u);
  for (var i = id.x; i < arrayLength(&words); i += ${threads * groups}u) { sum += words[i]; }
  sums[id.x] += sum.x + sum.y + sum.z + sum.w;
}`;

/**
 * How fast the graphics card reads memory that is not in a cache: a plain kernel over one large buffer. It is measured alternately
 * with the engines, on a separate device of the same adapter.
 */
export class GpuReadLimit {
  /** Bytes of one pass. */
  readonly bytes: number;
  readonly #device: GPUDevice;
  readonly #sums: GPUBuffer;
  readonly #staging: GPUBuffer;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindings: GPUBindGroup;

  private constructor(
    device: GPUDevice,
    words: GPUBuffer,
    sums: GPUBuffer,
    staging: GPUBuffer,
    pipeline: GPUComputePipeline,
    bindings: GPUBindGroup,
  ) {
    this.bytes = words.size;
    this.#device = device;
    this.#sums = sums;
    this.#staging = staging;
    this.#pipeline = pipeline;
    this.#bindings = bindings;
  }

  /** @param most bytes to read; fewer when the device does not allow a buffer of that size. */
  static async open({ adapter }: Gpu, most: number = 2 ** 30): Promise<GpuReadLimit> {
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
    const unit = threads * groups * 16;
    const size = Math.floor(Math.min(most, maxBufferSize, maxStorageBufferBindingSize) / unit) * unit;
    const words = device.createBuffer({ size, usage: storage });
    const sums = device.createBuffer({ size: threads * groups * 4, usage: storage | copySource | copyTarget });
    const staging = device.createBuffer({ size: sums.size, usage: mapRead | copyTarget });
    const module = device.createShaderModule({ code });
    const layout = device.createBindGroupLayout({
      entries: [0, 1].map((binding) => ({ binding, visibility: 4, buffer: { type: 'storage' } })),
    });
    const make = (entryPoint: string): GPUComputePipeline =>
      device.createComputePipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint },
      });
    const bindings = device.createBindGroup({
      layout,
      entries: [words, sums].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const limit = new GpuReadLimit(device, words, sums, staging, make('read'), bindings);
    limit.#submit(make('fill'), 1);
    await device.queue.onSubmittedWorkDone();
    return limit;
  }

  /**
   * Read everything `passes` times: bytes per second.
   *
   * @throws Error when the sum is wrong, which means that not everything was read.
   */
  async measure(passes: number): Promise<number> {
    const { queue } = this.#device;
    queue.writeBuffer(this.#sums, 0, new Uint32Array(threads * groups));
    await queue.onSubmittedWorkDone();
    const began = performance.now();
    this.#submit(this.#pipeline, passes);
    await queue.onSubmittedWorkDone();
    const seconds = (performance.now() - began) / 1000;
    const words = BigInt(this.bytes / 4);
    const expected = Number(BigInt.asUintN(32, ((words * (words - 1n)) / 2n) * BigInt(passes)));
    const sum = await this.#sum();
    if (sum !== expected) throw new Error(`The read kernel returned ${sum} instead of ${expected}`);
    return (passes * this.bytes) / seconds;
  }

  close(): void {
    this.#device.destroy();
  }

  #submit(pipeline: GPUComputePipeline, passes: number): void {
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#bindings);
    for (let i = 0; i < passes; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }

  async #sum(): Promise<number> {
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#sums, 0, this.#staging, 0, this.#sums.size);
    this.#device.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(1);
    const sum = new Uint32Array(this.#staging.getMappedRange()).reduce((all, each) => (all + each) >>> 0, 0);
    this.#staging.unmap();
    return sum;
  }
}
