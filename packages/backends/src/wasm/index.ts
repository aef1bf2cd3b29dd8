export type { WeightFormat, WeightOption } from '../graph/weight-format.ts';
export type { OnNotice } from '../notice.ts';
export type { CacheElement } from '../paged/paged-rows.ts';
export { FusedWasmEngine, type FusedWasmOptions, type FusedWasmStarter, fusedWasm } from './engine.ts';
export type { ProfileRow } from './program/profile.ts';
