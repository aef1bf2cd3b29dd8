export type { EngineStarter } from '../engine-starter.ts';
export { tensorsOnDevice } from './tensors-on-device.ts';
export { type TfjsBackend, type TfjsOptions, tfjs } from './tfjs.ts';
