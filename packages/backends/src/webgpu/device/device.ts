/// <reference types="@webgpu/types" />
import { DeviceLostError, EngineUnavailableError, MemoryLimitError, TokenwrightError } from '@tokenwright/core';
import { provideGPU } from '../../webgpu-in-node.ts';
import {
  type BindingKind,
  type DeviceAbilities,
  type Kernel,
  leastAbilities,
  type RequestedAbilities,
} from '../shaders/kernel.ts';
import { provenAbilities } from './abilities.ts';

/** Usages by value, because the global `GPUBufferUsage` may be missing in Node. */
const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;

/** Storage that kernels read and write, and that can be copied from and to. */
export const storageUsage: number = usage.storage | usage.copySource | usage.copyTarget;
const uniformUsage = usage.uniform | usage.copyTarget;
const stagingUsage = usage.mapRead | usage.copyTarget;

/** A separate WebGPU device with all features and limits of its adapter, and an account of its buffers. */
export class Device {
  readonly gpu: GPUDevice;
  readonly description: string;
  readonly software: boolean;
  abilities: DeviceAbilities = leastAbilities;
  readonly #pipelines: Map<string, GPUComputePipeline> = new Map();
  /** Unused buffers, by usage and size, for reuse. */
  readonly #spare: Map<string, GPUBuffer[]> = new Map();
  readonly #held: Map<GPUBuffer, number> = new Map();
  readonly #all: Set<GPUBuffer> = new Set();
  #bytes = 0;
  /** For the most recent buffer: bytes in use before it, and its own size. */
  #last = { before: 0, size: 0 };
  #failure: Error | undefined;
  #disposed = false;
  /** Buffers created since the start. Steady decoding creates none. */
  created = 0;
  /** Kernels started since the start. */
  dispatches = 0;
  /** Bytes copied to the host since the start. */
  bytesRead = 0;

  /** Whether all numbers of tokens go through the same kernels; see `FusedWebgpuOptions`. */
  batchInvariant: boolean = true;

  private constructor(gpu: GPUDevice, info: GPUAdapterInfo) {
    this.gpu = gpu;
    this.description = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ');
    this.software = /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(this.description);
    void gpu.lost.then(({ reason, message }) => {
      if (!this.#disposed) this.#failure ??= new DeviceLostError(`The WebGPU device was lost (${reason}): ${message}`);
    });
    gpu.onuncapturederror = ({ error }) => {
      this.#failure ??= this.#errorOf(error);
    };
  }

  /** @throws EngineUnavailableError when there is no WebGPU, no adapter, or a required feature is missing. */
  static async start(name: string, requested: RequestedAbilities): Promise<Device> {
    const unavailable = (reason: string, cause?: unknown): Error =>
      new EngineUnavailableError([{ engine: name, reason }], { cause });
    let adapter: GPUAdapter | null;
    try {
      adapter = await (await provideGPU()).requestAdapter({ powerPreference: 'high-performance' });
    } catch (error) {
      throw unavailable(error instanceof Error ? error.message : String(error), error);
    }
    if (adapter === null) throw unavailable('no Vulkan, Metal or D3D12 adapter was found');
    const requiredLimits: Record<string, number> = {};
    // Limits are getters of the prototype, so they are not own properties.
    for (const limit in adapter.limits) {
      const value = (adapter.limits as unknown as Record<string, unknown>)[limit];
      if (typeof value === 'number') requiredLimits[limit] = value;
    }
    let gpu: GPUDevice | undefined;
    try {
      gpu = await adapter.requestDevice({
        requiredFeatures: [...adapter.features] as GPUFeatureName[],
        requiredLimits,
      });
      const device = new Device(gpu, adapter.info);
      device.abilities = await provenAbilities(device, requested);
      return device;
    } catch (error) {
      gpu?.destroy();
      throw unavailable(error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Bytes and buffers in use, excluding unused buffers kept for reuse. */
  get bytes(): number {
    return this.#bytes;
  }

  get buffers(): number {
    return this.#held.size;
  }

  /** Largest buffer that a kernel may bind. */
  get largestBuffer(): number {
    return Math.min(this.gpu.limits.maxStorageBufferBindingSize, this.gpu.limits.maxBufferSize);
  }

  /** @throws DeviceLostError when the device is gone; the error that WebGPU reported otherwise. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws MemoryLimitError when no buffer can have this size. */
  checkSize(what: string, bytes: number): void {
    if (bytes > this.largestBuffer)
      throw new MemoryLimitError(`${what}, as one buffer on ${this.description},`, bytes, this.largestBuffer);
  }

  /**
   * Create several storage buffers: all of them, or none.
   * @throws MemoryLimitError with the total bytes, and the bytes that the device granted before one failed.
   */
  async allocate(
    what: string,
    wanted: readonly { readonly what: string; readonly bytes: number }[],
  ): Promise<GPUBuffer[]> {
    for (const each of wanted) this.checkSize(each.what, each.bytes);
    const buffers: GPUBuffer[] = [];
    const refused: Promise<GPUError | null>[] = [];
    try {
      for (const each of wanted) {
        this.check();
        this.gpu.pushErrorScope('out-of-memory');
        buffers.push(this.storage(each.what, each.bytes));
        refused.push(this.gpu.popErrorScope().catch(() => null));
      }
      const first = (await Promise.all(refused)).findIndex((error) => error !== null);
      this.check();
      if (first < 0) return buffers;
      const sum = (of: typeof wanted): number => of.reduce((total, { bytes }) => total + bytes, 0);
      throw new MemoryLimitError(`${what} on ${this.description}`, sum(wanted), sum(wanted.slice(0, first)));
    } catch (error) {
      for (const buffer of buffers) this.discard(buffer);
      throw error;
    }
  }

  storage(what: string, bytes: number): GPUBuffer {
    return this.#take(what, bytes, storageUsage);
  }

  uniform(what: string, bytes: number): GPUBuffer {
    return this.#take(what, bytes, uniformUsage);
  }

  /** Destroy a buffer. */
  discard(buffer: GPUBuffer): void {
    if (this.#return(buffer)) this.#destroy(buffer);
  }

  /** Release a buffer. It is kept for the next request of its size. */
  release(buffer: GPUBuffer): void {
    if (!this.#return(buffer)) return;
    const key = `${buffer.usage} ${buffer.size}`;
    const spare = this.#spare.get(key) ?? [];
    this.#spare.set(key, spare);
    // A few buffers of each size are enough for results.
    if (spare.length < 8 && buffer.size <= 1 << 24) spare.push(buffer);
    else this.#destroy(buffer);
  }

  /** Run work that creates buffers and pipelines. Their errors are thrown; out-of-memory becomes a MemoryLimitError. */
  async guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.check();
    this.gpu.pushErrorScope('validation');
    this.gpu.pushErrorScope('out-of-memory');
    let result: T | undefined;
    let failed: unknown;
    try {
      result = await work();
    } catch (error) {
      failed = error ?? new TokenwrightError(`${what} failed.`);
    }
    const memory = await this.gpu.popErrorScope().catch(() => null);
    const validation = await this.gpu.popErrorScope().catch(() => null);
    this.check();
    if (failed !== undefined) throw failed;
    const reported = memory ?? validation;
    if (reported !== null) throw this.#errorOf(reported, what);
    return result as T;
  }

  /** The pipeline of a kernel, created on first use. */
  pipeline(kernel: Kernel): GPUComputePipeline {
    let pipeline = this.#pipelines.get(kernel.code);
    if (pipeline !== undefined) return pipeline;
    const types: Record<BindingKind, GPUBufferBindingType> = {
      uniform: 'uniform',
      read: 'read-only-storage',
      write: 'storage',
    };
    const layout = this.gpu.createBindGroupLayout({
      entries: kernel.bindings.map((kind, binding) => ({ binding, visibility: 4, buffer: { type: types[kind] } })),
    });
    pipeline = this.gpu.createComputePipeline({
      label: kernel.label,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.gpu.createShaderModule({ label: kernel.label, code: kernel.code }), entryPoint: 'main' },
    });
    this.#pipelines.set(kernel.code, pipeline);
    return pipeline;
  }

  bind(kernel: Kernel, resources: readonly (GPUBuffer | GPUBufferBinding)[]): GPUBindGroup {
    return this.gpu.createBindGroup({
      layout: this.pipeline(kernel).getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({
        binding,
        resource: 'buffer' in resource ? resource : { buffer: resource },
      })),
    });
  }

  /** Run one kernel in its own submission. */
  runOnce(kernel: Kernel, resources: readonly (GPUBuffer | GPUBufferBinding)[], groups: readonly number[]): void {
    this.check();
    const encoder = this.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline(kernel));
    pass.setBindGroup(0, this.bind(kernel, resources));
    pass.dispatchWorkgroups(groups[0]!, groups[1] ?? 1, groups[2] ?? 1);
    pass.end();
    this.dispatches++;
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Copy the start of a buffer to another. */
  copy(source: GPUBuffer, target: GPUBuffer, bytes: number): void {
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, bytes);
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Copy parts of a buffer, in bytes, to the host, end to end. */
  async read(buffer: GPUBuffer, parts: readonly { from: number; bytes: number }[]): Promise<ArrayBuffer> {
    this.check();
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total === 0) return new ArrayBuffer(0);
    const staging = this.#take('Reading back', total, stagingUsage);
    try {
      const encoder = this.gpu.createCommandEncoder();
      let at = 0;
      for (const { from, bytes } of parts) {
        encoder.copyBufferToBuffer(buffer, from, staging, at, bytes);
        at += bytes;
      }
      this.gpu.queue.submit([encoder.finish()]);
      this.bytesRead += total;
      await staging.mapAsync(1, 0, total);
      const copy = staging.getMappedRange(0, total).slice(0);
      staging.unmap();
      return copy;
    } catch (error) {
      // The promise of the lost device may settle after the mapping fails.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
      this.check();
      throw new TokenwrightError('Reading back from the WebGPU device failed.', { cause: error });
    } finally {
      this.release(staging);
    }
  }

  /** Destroys everything. */
  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#all) buffer.destroy();
    this.#all.clear();
    this.#held.clear();
    this.#spare.clear();
    this.#pipelines.clear();
    this.#bytes = 0;
    this.gpu.destroy();
  }

  #take(what: string, wanted: number, usages: number): GPUBuffer {
    this.check();
    // Sizes are rounded up to limit the number of distinct sizes of unused buffers.
    const unit = wanted <= 4096 ? 256 : 4096;
    const size = Math.max(unit, Math.ceil(wanted / unit) * unit);
    if (usages !== stagingUsage) this.checkSize(what, wanted);
    let buffer = this.#spare.get(`${usages} ${size}`)?.pop();
    if (buffer === undefined) {
      this.#last = { before: this.#bytes, size };
      buffer = this.gpu.createBuffer({ label: what, size, usage: usages });
      this.created++;
      this.#all.add(buffer);
    }
    this.#held.set(buffer, size);
    this.#bytes += size;
    return buffer;
  }

  /** Remove a buffer from the account; false when it is not in it. */
  #return(buffer: GPUBuffer): boolean {
    const bytes = this.#held.get(buffer);
    if (bytes === undefined) return false;
    this.#held.delete(buffer);
    this.#bytes -= bytes;
    return true;
  }

  /** Out-of-memory becomes a MemoryLimitError with the bytes in use with and without the most recent buffer. */
  #errorOf(error: GPUError, what = 'Work'): Error {
    if (error.constructor.name !== 'GPUOutOfMemoryError')
      return new TokenwrightError(`WebGPU reported: ${error.message}`);
    const { before, size } = this.#last;
    return new MemoryLimitError(`${what} on ${this.description}`, before + size, before);
  }

  #destroy(buffer: GPUBuffer): void {
    this.#all.delete(buffer);
    buffer.destroy();
  }
}
