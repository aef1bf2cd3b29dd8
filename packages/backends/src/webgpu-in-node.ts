/// <reference types="@webgpu/types" />

/** A browser has `navigator.gpu`, or it has no WebGPU; in Node the package `webgpu` brings it. */
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

/** The same as global names, `navigator.gpu` among them: TF.js looks for those. */
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
 * A native module for Node, so bundlers must leave its name alone: a variable, and the comments that they know.
 * @throws Error that says what to install.
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

/** Dawn's instance must live as long as its devices. */
let gpuOfNode: GPU | undefined;
