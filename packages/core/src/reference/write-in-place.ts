import * as tf from '@tensorflow/tfjs-core';

/**
 * TF.js has no operation that writes into a tensor, and copying a whole cache for one position costs more than the
 * attention itself. The cpu, wasm and webgpu backends let their memory be reached; where none of the three ways applies
 * (webgl), the growing store is used instead.
 */
export type SlotWriter = (target: tf.Tensor3D, from: number, source: tf.Tensor3D) => void;

/**
 * A function that copies source [heads, T, D] into the slots from .. from + T of target [heads, C, D], or undefined when
 * the current backend has no way to. Proven by a known answer before it is handed out.
 */
export async function slotWriter(): Promise<SlotWriter | undefined> {
  const backend = tf.backend() as unknown as BackendInternals;
  const write: SlotWriter | undefined =
    typeof backend.typedArrayFromHeap === 'function'
      ? (target, from, source) =>
          copySlots(
            backend.typedArrayFromHeap!(target),
            target.shape[1],
            from,
            backend.typedArrayFromHeap!(source),
            source,
          )
      : typeof backend.runWebGPUProgram === 'function'
        ? (target, from, source) => copySlotsOnGPU(backend, target, from, source)
        : tf.getBackend() === 'cpu'
          ? // On cpu the values that are read are the tensor's own, not a copy.
            (target, from, source) =>
              copySlots(target.dataSync<'float32'>(), target.shape[1], from, source.dataSync<'float32'>(), source)
          : undefined;
  return write !== undefined && (await writesCorrectly(write)) ? write : undefined;
}

/** What is used of the wasm and webgpu backends. */
interface BackendInternals {
  typedArrayFromHeap?(tensor: tf.TensorInfo): Float32Array;
  runWebGPUProgram?(
    program: object,
    inputs: tf.TensorInfo[],
    dtype: string,
    uniforms: { type: string; data: number[] }[],
    output: tf.TensorInfo,
  ): tf.TensorInfo;
}

function copySlots(
  target: Float32Array,
  capacity: number,
  from: number,
  values: Float32Array,
  source: tf.Tensor3D,
): void {
  const [heads, slots, size] = source.shape;
  for (let head = 0; head < heads; head++)
    target.set(values.subarray(head * slots * size, (head + 1) * slots * size), (head * capacity + from) * size);
}

function copySlotsOnGPU(backend: BackendInternals, target: tf.Tensor3D, from: number, source: tf.Tensor3D): void {
  const program = {
    variableNames: ['source'],
    outputShape: target.shape,
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: [0, 1, 2] },
    dispatch: [Math.ceil(source.size / 64), 1, 1],
    uniforms: 'first : i32, capacity : i32,',
    shaderKey: 'tokenwright-write-slots',
    size: true,
    getUserCode: () => `
      fn main(index : i32) {
        let slots = uniforms.sourceShape[1];
        let size = uniforms.sourceShape[2];
        if (index < uniforms.sourceShape[0] * slots * size) {
          let head = index / (slots * size);
          let rest = index % (slots * size);
          result[(head * uniforms.capacity + uniforms.first) * size + rest] = source[index];
        }
      }`,
  };
  const uniforms = [
    { type: 'int32', data: [from] },
    { type: 'int32', data: [target.shape[1]] },
  ];
  backend.runWebGPUProgram!(program, [source], 'float32', uniforms, target);
}

async function writesCorrectly(write: SlotWriter): Promise<boolean> {
  const target = tf.fill([2, 4, 2], 0) as tf.Tensor3D;
  const source = tf.tidy(() => tf.add(tf.tensor3d([[[1, 2]], [[3, 4]]]), 0)) as tf.Tensor3D;
  let copy: tf.Tensor | undefined;
  try {
    write(target, 1, source);
    write(target, 3, source);
    copy = tf.add(target, 0);
    const values = [...(await copy.data())];
    return values.join() === [0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 3, 4].join();
  } catch {
    return false;
  } finally {
    tf.dispose([target, source]);
    copy?.dispose();
  }
}
