import type { Engine } from '@tokenwright/core';

/** An engine before it is started. Creating one loads nothing. */
export interface EngineStarter {
  /** Name in messages: 'tfjs wasm', 'fused wasm'. */
  readonly name: string;
  /** Loads the engine's dependencies and starts it. Rejects with the reason when this machine cannot run it. */
  start(): Promise<Engine>;
}

/** Whether a value can be started. */
export function isStarter(value: unknown): value is EngineStarter {
  return typeof value === 'object' && value !== null && typeof (value as Partial<EngineStarter>).start === 'function';
}
