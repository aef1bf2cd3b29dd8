import type { Engine } from '@tokenwright/core';

/** An engine before it is started. Creating one loads nothing. */
export interface EngineStarter {
  /** Name in messages: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /** Loads the engine's dependencies and starts it. Rejects with the reason when this machine cannot run it. */
  start(): Promise<Engine>;
}
