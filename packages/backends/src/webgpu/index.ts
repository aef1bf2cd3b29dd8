export type { WeightFormat, WeightOption } from '../graph/weight-format.ts';
export type { CacheElement } from '../paged/paged-rows.ts';
export type { DeviceTensors, HeldTensor, TensorDevice, TensorStarter } from './device/tensors.ts';
export {
  type DeviceReport,
  FusedWebgpuEngine,
  type FusedWebgpuOptions,
  type FusedWebgpuStarter,
  fusedWebgpu,
} from './engine.ts';
