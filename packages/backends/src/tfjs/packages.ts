/**
 * The optional packages of TensorFlow.js. Each `import()` has a literal name and is directly inside a `try`: bundlers then include a
 * package that is installed, and still build where it is missing.
 */

/** @throws Error with the install command. */
export async function importCpu(): Promise<typeof import('@tensorflow/tfjs-backend-cpu')> {
  try {
    return await import('@tensorflow/tfjs-backend-cpu');
  } catch (error) {
    throw missing('@tensorflow/tfjs-backend-cpu', error);
  }
}

/** @throws Error with the install command. */
export async function importWasm(): Promise<typeof import('@tensorflow/tfjs-backend-wasm')> {
  try {
    return await import('@tensorflow/tfjs-backend-wasm');
  } catch (error) {
    throw missing('@tensorflow/tfjs-backend-wasm', error);
  }
}

/** @throws Error with the install command. */
export async function importWebgl(): Promise<typeof import('@tensorflow/tfjs-backend-webgl')> {
  try {
    return await import('@tensorflow/tfjs-backend-webgl');
  } catch (error) {
    throw missing('@tensorflow/tfjs-backend-webgl', error);
  }
}

/** @throws Error with the install command. */
export async function importWebgpu(): Promise<typeof import('@tensorflow/tfjs-backend-webgpu')> {
  try {
    return await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    throw missing('@tensorflow/tfjs-backend-webgpu', error);
  }
}

/** @param backend package that is also required, for the message. @throws Error with the install command. */
export async function importCore(backend: string): Promise<typeof import('@tensorflow/tfjs-core')> {
  try {
    return await import('@tensorflow/tfjs-core');
  } catch (error) {
    throw missing(backend, error);
  }
}

/** The TF.js backend that executes operations. @param backend as above. @throws Error with the install command. */
export async function importReference(backend: string): Promise<typeof import('@tokenwright/core/reference')> {
  try {
    return await import('@tokenwright/core/reference');
  } catch (error) {
    throw missing(backend, error);
  }
}

function missing(name: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`the package ${name} could not be loaded (npm install @tensorflow/tfjs-core ${name}): ${reason}`, {
    cause,
  });
}
