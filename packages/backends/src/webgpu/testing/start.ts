import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { deviceOf } from '../engine.ts';
import { type FusedWebgpuEngine, type FusedWebgpuOptions, fusedWebgpu } from '../index.ts';

/** Path of the software Vulkan driver in Debian's chromium package. */
const swiftshader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** The engine, on SwiftShader where there is no other driver. */
export async function startWebgpu(options: FusedWebgpuOptions = {}): Promise<FusedWebgpuEngine> {
  if (process.env.VK_ICD_FILENAMES === undefined && existsSync(swiftshader)) process.env.VK_ICD_FILENAMES = swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  return fusedWebgpu(options).start();
}

/** Whether this machine has an adapter. Without one a message is printed; on CI it is an error. */
export async function hasWebgpu(): Promise<boolean> {
  try {
    await (await startWebgpu()).dispose();
    return true;
  } catch (error) {
    const line = `WebGPU in Node is not available: ${(error as Error).message} On Debian, apt-get install chromium libvulkan1.`;
    if (process.env.CI) throw new Error(line, { cause: error });
    process.stderr.write(`\n*** SKIPPED: ${line}\n\n`);
    return false;
  }
}

/** Destroy the device of an engine, as a failing driver would. Resolves when the loss is reported. */
export async function loseDevice(engine: FusedWebgpuEngine): Promise<void> {
  const { gpu } = deviceOf(engine);
  gpu.destroy();
  await gpu.lost;
}
