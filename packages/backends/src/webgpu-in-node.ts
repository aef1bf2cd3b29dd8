/// <reference types="@webgpu/types" />

/** A browser has `navigator.gpu` or no WebGPU at all. In Node, the package `webgpu` provides it. */
export async function provideGPU(): Promise<GPU> {
  const { navigator, process } = globalThis as {
    navigator?: { gpu?: GPU };
    process?: { versions?: { node?: string } };
  };
  if (navigator?.gpu !== undefined) return navigator.gpu;
  if (process?.versions?.node === undefined) throw new Error('this browser has no WebGPU');
  gpuOfNode ??= (await dawn()).create([]) as GPU;
  return gpuOfNode;
}

/** Also defines the global names, including `navigator.gpu`, which TF.js looks up. */
export async function installGPU(): Promise<GPU> {
  const gpu = await provideGPU();
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } };
  if (navigator?.gpu !== undefined) return gpu;
  Object.assign(globalThis, (await dawn()).globals);
  const property = { value: gpu, configurable: true, writable: true };
  if (navigator === undefined) Object.defineProperty(globalThis, 'navigator', { ...property, value: { gpu } });
  else Object.defineProperty(navigator, 'gpu', property);
  return gpu;
}

/**
 * A native module for Node, so bundlers must not resolve its name: the specifier is a variable, with the comments that
 * bundlers recognize.
 * @throws Error with the install command.
 */
async function dawn(): Promise<typeof import('webgpu')> {
  const name = 'webgpu';
  try {
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `in Node, WebGPU comes from the package webgpu (npm install webgpu), which does not load: ${reason}`,
      {
        cause: error,
      },
    );
  }
}

/** The Dawn instance must outlive its devices. */
let gpuOfNode: GPU | undefined;
