import type { Engine } from '@tokenwright/core';

/** An engine before it is started. Creating one loads nothing. */
export interface EngineStarter {
  /** For messages: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /** Load what the engine needs and start it. Rejects with the reason when this machine cannot run it. */
  start(): Promise<Engine>;
}
