import * as tf from '@tensorflow/tfjs-core';
import { onBackend } from './backend.ts';

/**
 * Writes into a tensor. TF.js has no such operation, and copying a whole cache for one position costs more than the attention itself.
 * The memory of the cpu, wasm and webgpu backends can be reached through members that TF.js does not document; without them, caches
 * grow by concatenation.
 */
export type SlotWriter = (target: tf.Tensor3D, from: number, source: tf.Tensor3D) => void;

/**
 * A function that copies source [heads, T, D] into the slots from..from + T of target [heads, C, D], or the reason why
 * there is none. A returned function has passed a known-answer test.
 */
export async function slotWriter(backend: string): Promise<SlotWriter | string> {
  const found = onBackend(backend, () => findWriter(backend));
  if (typeof found === 'string') return found;
  return (await writesCorrectly(backend, found)) ? found : 'a value written in place was not read back correctly';
}

function findWriter(name: string): SlotWriter | string {
  const backend = tf.backend() as unknown as BackendInternals;
  if (typeof backend.typedArrayFromHeap === 'function')
    return (target, from, source) =>
      copySlots(
        backend.typedArrayFromHeap!(target),
        target.shape[1],
        from,
        backend.typedArrayFromHeap!(source),
        source,
      );
  if (typeof backend.runWebGPUProgram === 'function')
    return (target, from, source) => copySlotsOnGPU(backend, target, from, source);
  // On cpu, reading returns the values of the tensor itself, not a copy.
  if (name === 'cpu')
    return (target, from, source) =>
      copySlots(target.dataSync<'float32'>(), target.shape[1], from, source.dataSync<'float32'>(), source);
  return 'this backend has no known way to write in place';
}

/** The undocumented members of the wasm and webgpu backends that are used. */
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

async function writesCorrectly(backend: string, write: SlotWriter): Promise<boolean> {
  let copy: tf.Tensor | undefined;
  try {
    copy = onBackend(backend, () =>
      tf.tidy(() => {
        const target = tf.fill([2, 4, 2], 0) as tf.Tensor3D;
        const source = tf.add(tf.tensor3d([[[1, 2]], [[3, 4]]]), 0) as tf.Tensor3D;
        write(target, 1, source);
        write(target, 3, source);
        return tf.add(target, 0);
      }),
    );
    return [...(await copy.data())].join() === [0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 3, 4].join();
  } catch {
    return false;
  } finally {
    copy?.dispose();
  }
}
