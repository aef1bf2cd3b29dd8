export type { CacheElement } from '../wasm/block-pool.ts';
export type { WeightFormat } from '../wasm/formats.ts';
export {
  type DeviceReport,
  FusedWebgpuEngine,
  type FusedWebgpuOptions,
  type FusedWebgpuStarter,
  fusedWebgpu,
} from './engine.ts';
