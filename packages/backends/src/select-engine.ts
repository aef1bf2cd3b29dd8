import { type Engine, EngineUnavailableError, ParameterError } from '@tokenwright/core';
import { checkFunction, checkList, readOptions } from '@tokenwright/core/options';
import { type EngineStarter, isStarter } from './engine-starter.ts';

/** Options of {@link selectEngine}. */
export interface SelectEngineOptions {
  /** Called with the reason for each engine that cannot be started, before the next is tried. */
  readonly onSkipped?: (engine: string, reason: Error) => void;
}

/**
 * Starts the first engine of the list that this machine can run. `bestEngine` chooses such a list for a model.
 *
 * @throws EngineUnavailableError when none starts, with the reason of each; ParameterError, UnknownOptionError for arguments.
 *
 * @example
 * ```ts
 * import { selectEngine } from '@tokenwright/backends';
 * import { fusedWasm } from '@tokenwright/backends/wasm';
 * import { fusedWebgpu } from '@tokenwright/backends/webgpu';
 *
 * const engine = await selectEngine([fusedWebgpu(), fusedWasm()]);
 * ```
 */
export async function selectEngine(
  starters: readonly EngineStarter[],
  options: SelectEngineOptions = {},
): Promise<Engine> {
  const owner = 'selectEngine';
  const { onSkipped } = readOptions(owner, options, ['onSkipped']);
  if (onSkipped !== undefined) checkFunction(owner, 'onSkipped', onSkipped);
  const allowed = 'a list of engine starters, such as fusedWasm()';
  const item = (starter: unknown, at: number): EngineStarter => {
    if (isStarter(starter)) return starter;
    throw new ParameterError(owner, `starters[${at}]`, 'an engine starter, such as fusedWasm()', starter);
  };
  const all = checkList(owner, 'starters', starters, allowed, { item });
  const tried: { engine: string; reason: string }[] = [];
  const causes: Error[] = [];
  for (const starter of all) {
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
