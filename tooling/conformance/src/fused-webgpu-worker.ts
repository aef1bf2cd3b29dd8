/** Runs tiny models on the fused WebGPU engine, in a page or inside a Worker. */
import { type FusedWebgpuOptions, fusedWebgpu } from '@tokenwright/backends/webgpu';
import type { Engine } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';

/** The answer of the worker. */
export interface FusedWebgpuAnswer {
  readonly adapter: string;
  /** Logits of the frames of each tiny model, concatenated. */
  readonly logits: readonly number[];
  /** The most probable token of each last frame, chosen on the device. */
  readonly chosen: readonly number[];
  /** Bytes in use after everything is disposed, and the errors after the device was lost, with the name of the next engine. */
  readonly bytesLeft: number;
  readonly afterLoss: readonly string[];
}

/** A prompt, which is read in tiles, for one model, and single tokens for the other: each new kind of frame takes seconds to compile. */
const framesOf = [[[3, 1, 4, 1, 5, 9, 2, 6]], [[6], [7], [1]]];

/** The logits of the last token of each frame of the tiny models, and the most probable token of the last frames, chosen on the device. */
export async function stepLogits(engine: Engine): Promise<{ logits: number[]; chosen: number[] }> {
  const logits: number[] = [];
  const chosen: number[] = [];
  for (const [i, { architecture, config }] of tinyModels.entries()) {
    const frames = framesOf[i]!;
    const model = await createModel(engine, architecture, config, seededWeights(architecture, config));
    const cache = model.createCache();
    for (const ids of frames) {
      const result = model.forward([ids], cache);
      logits.push(...(await result.logits.read()));
      if (result.logits.choose !== undefined && ids === frames.at(-1))
        chosen.push(...(await result.logits.choose(undefined)));
      result.dispose();
    }
    cache.dispose();
    model.dispose();
  }
  return { logits, chosen };
}

interface Adapter {
  requestDevice(...given: unknown[]): Promise<{ destroy(): void; readonly lost: Promise<unknown> }>;
}

/** Captures the next requested device, so that it can be lost as by a failing driver. */
function watchDevice(): () => Promise<unknown> {
  const { prototype } = (globalThis as unknown as { GPUAdapter: { prototype: Adapter } }).GPUAdapter;
  const { requestDevice } = prototype;
  let device: ReturnType<Adapter['requestDevice']> | undefined;
  prototype.requestDevice = function (...given) {
    prototype.requestDevice = requestDevice;
    device = requestDevice.apply(this, given);
    return device;
  };
  return async () => {
    (await device!).destroy();
    return (await device!).lost;
  };
}

/** Runs the models on the fused engine, loses its device, and starts another engine. */
async function answer(options: FusedWebgpuOptions): Promise<FusedWebgpuAnswer> {
  const loseDevice = watchDevice();
  const engine = await fusedWebgpu(options).start();
  const { adapter } = engine.report();
  const results = await stepLogits(engine);
  const { bytes: bytesLeft } = engine.memory();
  await loseDevice();
  const afterLoss = [await failureOf(stepLogits(engine))];
  await engine.dispose();
  const next = await fusedWebgpu(options).start();
  afterLoss.push(`then ${next.name}`);
  await next.dispose();
  return { adapter, ...results, bytesLeft, afterLoss };
}

function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing',
    (error: Error) => error.name,
  );
}

const scope = globalThis as { document?: unknown; onmessage?: unknown; postMessage?: (message: unknown) => void };
if (scope.document === undefined)
  scope.onmessage = async ({ data }: MessageEvent<FusedWebgpuOptions>) => {
    scope.postMessage!(await answer(data).catch((error: Error) => ({ error: `${error.name}: ${error.message}` })));
  };
