/**
 * WebGPU in plain Node, through the npm package `webgpu` (Dawn). Without a graphics card it runs on SwiftShader, a software
 * Vulkan driver in Debian's chromium package: good for correctness, meaningless for speed.
 *
 * Do not import `@tensorflow/tfjs-backend-webgpu` at the top of a test: that module looks for WebGPU when it loads, so
 * `installWebgpu` imports it at the right moment.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { isCi } from './ci.ts';

/** Manifest of the software Vulkan driver in Debian's chromium package. */
const swiftshader = '/usr/lib/chromium/vk_swiftshader_icd.json';

export interface WebgpuAdapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
}

let installed: Promise<WebgpuAdapter | Error> | undefined;

/**
 * Installs the WebGPU globals, registers the TensorFlow.js backend `webgpu` and returns its adapter. Without an
 * adapter it returns undefined after a line on stderr, and throws when `CI` is set. `VK_ICD_FILENAMES` chooses another
 * Vulkan driver.
 */
export async function installWebgpu(): Promise<WebgpuAdapter | undefined> {
  installed ??= install();
  const result = await installed;
  if (!(result instanceof Error)) return result;
  const line = `WebGPU in Node is not available: ${result.message}. On Debian, apt-get install chromium libvulkan1; elsewhere, set VK_ICD_FILENAMES.`;
  if (isCi) throw new Error(line, { cause: result });
  process.stderr.write(`\n*** SKIPPED: ${line}\n\n`);
  return undefined;
}

async function install(): Promise<WebgpuAdapter | Error> {
  if (process.env.VK_ICD_FILENAMES === undefined && existsSync(swiftshader)) {
    process.env.VK_ICD_FILENAMES = swiftshader;
  }
  // Dawn looks for a Wayland display and prints a warning per adapter without one.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    return new Error('the package webgpu does not load on this platform', { cause: error });
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
  const adapter = await gpu.requestAdapter();
  if (!adapter) return new Error('it found no Vulkan, Metal or D3D12 adapter');
  await import('@tensorflow/tfjs-backend-webgpu');
  // Otherwise small tensors are computed on the CPU, and a test of the WebGPU kernels would test nothing.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const { vendor, architecture, device } = adapter.info;
  return { vendor, architecture, device };
}
