import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The WebGPU adapter of this machine: a graphics card or a software driver. */
export interface Gpu {
  readonly adapter: GPUAdapter;
  readonly description: string;
  /** A driver that computes on the processor. */
  readonly software: boolean;
}

/** Where Debian's chromium package keeps the description of its software Vulkan driver. */
const swiftshader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Dawn's instance must live as long as its adapters. */
let instance: GPU | undefined;

/**
 * The adapter that the engines also get; undefined without the package `webgpu` or a driver.
 *
 * @param software use the software driver of Chromium when it is installed.
 */
export async function openGpu(software = false): Promise<Gpu | undefined> {
  // Prevents a warning of Vulkan's loader.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  if (software && existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  try {
    instance ??= (await import('webgpu')).create([]);
    const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) return undefined;
    const { vendor, architecture, device, description } = adapter.info;
    const words = [vendor, architecture, device, description].filter(Boolean).join(' ');
    return {
      adapter,
      description: words,
      software: /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(words),
    };
  } catch {
    return undefined;
  }
}
