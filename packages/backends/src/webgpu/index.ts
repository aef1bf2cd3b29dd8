export type { CacheElement } from '../paged/paged-rows.ts';
export type { WeightFormat } from '../wasm/formats.ts';
export {
  type DeviceReport,
  FusedWebgpuEngine,
  type FusedWebgpuOptions,
  type FusedWebgpuStarter,
  fusedWebgpu,
} from './engine.ts';
