/// <reference types="@webgpu/types" />

/** A browser has `navigator.gpu`, or it has no WebGPU; in Node the package `webgpu` brings it. */
export async function provideGPU(): Promise<GPU> {
  const { navigator, process } = globalThis as {
    navigator?: { gpu?: GPU };
    process?: { versions?: { node?: string } };
  };
  if (navigator?.gpu !== undefined) return navigator.gpu;
  if (process?.versions?.node === undefined) throw new Error('this browser has no WebGPU');
  gpuOfNode ??= (await import('webgpu')).create([]) as GPU;
  return gpuOfNode;
}

/** The same as global names, `navigator.gpu` among them: TF.js looks for those. */
export async function installGPU(): Promise<GPU> {
  const gpu = await provideGPU();
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } };
  if (navigator?.gpu !== undefined) return gpu;
  Object.assign(globalThis, (await import('webgpu')).globals);
  const property = { value: gpu, configurable: true, writable: true };
  if (navigator === undefined) Object.defineProperty(globalThis, 'navigator', { ...property, value: { gpu } });
  else Object.defineProperty(navigator, 'gpu', property);
  return gpu;
}

/** Dawn's instance must live as long as its devices. */
let gpuOfNode: GPU | undefined;
