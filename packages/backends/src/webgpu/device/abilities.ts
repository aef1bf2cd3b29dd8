import { buffers, weightAccess } from '../shaders/common.ts';
import { fromHalfBits } from '../shaders/half-precision.ts';
import type { DeviceAbilities, Kernel, RequestedAbilities } from '../shaders/kernel.ts';
import { matrixLayout } from '../shaders/matrix-layout.ts';
import type { Device } from './device.ts';

const abilities = {
  subgroups: { feature: 'subgroups', works: subgroupsWork },
  float16: { feature: 'shader-f16', works: (device: Device) => halvesAreRight(device, true) },
} as const;

/** @throws Error for a requested feature that is missing or fails its known-answer test. */
export async function provenAbilities(device: Device, requested: RequestedAbilities): Promise<DeviceAbilities> {
  const has = async (name: keyof DeviceAbilities): Promise<boolean> => {
    const { feature, works } = abilities[name];
    if (requested[name] === false) return false;
    const proven = device.gpu.features.has(feature) && (await works(device).catch(() => false));
    if (requested[name] === true && !proven)
      throw new Error(`${feature} was requested, but ${device.description} lacks it or fails its known-answer test`);
    return proven;
  };
  return { subgroups: await has('subgroups'), float16: await has('float16') };
}

/**
 * Sums over subgroups rely on subgroups being consecutive invocations. The standard does not guarantee that, so it is
 * tested.
 */
async function subgroupsWork(device: Device): Promise<boolean> {
  const kernel: Kernel = {
    label: 'subgroups',
    bindings: ['write'],
    code: `enable subgroups;
@group(0) @binding(0) var<storage, read_write> result : array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i : u32, @builtin(subgroup_size) size : u32,
        @builtin(subgroup_invocation_id) lane : u32) {
  let first = i - lane;
  let sum = subgroupAdd(i);
  let expected = size * first + size * (size - 1u) / 2u;
  result[i] = select(0u, 1u, i % size == lane && size <= 64u && sum == expected);
}`,
  };
  const answers = new Uint32Array(await answersOf(device, kernel, []));
  return answers.every((value) => value === 1);
}

/**
 * Whether the code that reads weights converts half-precision numbers correctly, natively or from bits. Subnormal
 * numbers are not tested: either form may flush them to zero.
 */
export async function halvesAreRight(device: Device, natively: boolean): Promise<boolean> {
  const { kernel, halves } = halvesKernel(natively);
  const words = device.storage('A known answer', halves.byteLength);
  try {
    device.gpu.queue.writeBuffer(words, 0, halves);
    const answers = new Float32Array(await answersOf(device, kernel, [words]));
    return answers.every((value, i) => value === fromHalfBits(halves[i]!));
  } finally {
    device.release(words);
  }
}

/**
 * 64 half-precision numbers of all magnitudes as two rows of weights, and the kernel that converts them to float32,
 * natively or from bits.
 */
export function halvesKernel(natively: boolean): {
  readonly kernel: Kernel;
  readonly halves: Uint16Array<ArrayBuffer>;
} {
  // Exponents from the smallest to the largest, with different signs and fractions.
  const halves = Uint16Array.from(
    { length: 64 },
    (_, i) => ((i & 1) << 15) | ((1 + (i % 30)) << 10) | ((i * 677) & 1023),
  );
  return {
    halves,
    kernel: {
      label: 'half precision',
      bindings: ['read', 'write'],
      code: `${natively ? 'enable f16;\n' : ''}${buffers(['weights'], natively)}
@group(0) @binding(1) var<storage, read_write> result : array<f32>;
${weightAccess(matrixLayout('f16', 2, 32), natively)}
@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) i : u32) {
  let w = weights8(i / 4u, i % 4u);
  for (var j = 0u; j < 4u; j++) {
    result[i * 8u + j] = w[0][j];
    result[i * 8u + 4u + j] = w[1][j];
  }
}`,
    },
  };
}

/** The 256 bytes that a kernel of one work group writes. Its result is the last binding. */
async function answersOf(device: Device, kernel: Kernel, inputs: readonly GPUBuffer[]): Promise<ArrayBuffer> {
  const result = device.storage('A known answer', 256);
  try {
    return await device.guarded('A known answer', async () => {
      device.runOnce(kernel, [...inputs, result], [1]);
      return device.read(result, [{ from: 0, bytes: 256 }]);
    });
  } finally {
    device.release(result);
  }
}
