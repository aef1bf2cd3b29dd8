import type { Engine } from '@tokenwright/core';

/** An engine that is not started yet: what `selectEngine` tries. Making one loads nothing. */
export interface EngineStarter {
  /** For messages: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /** Load what the engine needs and start it. Rejects with the reason when this machine cannot run it. */
  start(): Promise<Engine>;
}
