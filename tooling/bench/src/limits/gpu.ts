import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The graphics card that WebGPU gives this machine, or what stands in for one. */
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
 * The adapter that engines get, too; undefined without the package `webgpu` or a driver.
 *
 * @param software take the software driver when Chromium brought one.
 */
export async function openGpu(software = false): Promise<Gpu | undefined> {
  // Vulkan's loader complains without it.
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
