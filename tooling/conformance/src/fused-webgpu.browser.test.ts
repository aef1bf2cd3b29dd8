import { tfjs } from '@tokenwright/backends/tfjs';
import { type FusedWebgpuOptions, fusedWebgpu } from '@tokenwright/backends/webgpu';
import { EngineUnavailableError } from '@tokenwright/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FusedWebgpuAnswer, stepLogits } from './fused-webgpu-worker.ts';

afterEach(() => void vi.unstubAllGlobals());

function inWorker(options: FusedWebgpuOptions): Promise<FusedWebgpuAnswer> {
  const worker = new Worker(new URL('./fused-webgpu-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<FusedWebgpuAnswer>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data));
    worker.postMessage(options);
  }).finally(() => worker.terminate());
}

describe('the fused WebGPU engine in Chromium', () => {
  test('in a Worker gives the logits of the reference, releases everything, and survives the loss of its device', async () => {
    const judge = await tfjs({ backend: 'cpu' }).start();
    const expected = await stepLogits(judge);
    await judge.dispose();
    const received = await inWorker({});
    expect(received.logits).toHaveLength(expected.logits.length);
    const differences = received.logits.map((value, i) => Math.abs(value - expected.logits[i]!));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    const { bytesLeft, chosen, afterLoss } = received;
    expect({ bytesLeft, afterLoss }).toEqual({ bytesLeft: 0, afterLoss: ['DeviceLostError', 'then fused webgpu'] });
    expect(chosen).toEqual(lastArgMaxes(received.logits));
  });

  test('reports that a browser has no WebGPU', async () => {
    vi.stubGlobal('navigator', {});
    vi.stubGlobal('process', undefined);
    const error = await fusedWebgpu()
      .start()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toMatch(/fused webgpu \(this browser has no WebGPU\)/);
  });
});

/** The most probable token of the last frame of each tiny model, whose vocabularies are 61 and 67. */
function lastArgMaxes(logits: readonly number[]): number[] {
  const last = [logits.slice(0, 61), logits.slice(-67)];
  return last.map((row) => row.indexOf(Math.max(...row)));
}
