import { type Engine, EngineUnavailableError } from '@tokenwright/core';
import type { EngineStarter } from './engine-starter.ts';

export interface SelectEngineOptions {
  /** Called for each engine that cannot be started, with the reason, before the next is tried. */
  readonly onSkipped?: (engine: string, reason: Error) => void;
}

/**
 * Start the first engine of the list that this machine can run.
 *
 * @throws EngineUnavailableError when none starts; it says why each failed.
 */
export async function selectEngine(
  starters: readonly EngineStarter[],
  { onSkipped }: SelectEngineOptions = {},
): Promise<Engine> {
  const tried: { engine: string; reason: string }[] = [];
  const causes: Error[] = [];
  for (const starter of starters) {
    try {
      return await starter.start();
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      onSkipped?.(starter.name, cause);
      tried.push({ engine: starter.name, reason: cause.message });
      causes.push(cause);
    }
  }
  throw new EngineUnavailableError(tried, { cause: causes });
}
