import { type BestEngine, bestEngine, type EngineName, type EngineStarter } from '@tokenwright/backends';
import type { Engine } from '@tokenwright/core';
import type { LanguageModelOptions } from '../options/load-options.ts';

/** An engine that runs, and who disposes it. */
export interface OpenedEngine extends BestEngine {
  readonly isOwn: boolean;
}

/** The engine of the options, or the best one for a model of this size. */
export async function openEngine(
  { engine, weights, threads, onNotice }: LanguageModelOptions,
  size: { readonly modelBytes: number; readonly parameters: number },
): Promise<OpenedEngine> {
  if (isStarted(engine)) return { engine, report: reportOf(engine), isOwn: false };
  const best = await bestEngine({
    ...size,
    ...(engine === undefined ? {} : { candidates: [engine] }),
    ...(weights === undefined ? {} : { weights }),
    ...(threads === undefined ? {} : { threads }),
    ...(onNotice === undefined ? {} : { onNotice }),
  });
  return { ...best, isOwn: true };
}

function isStarted(engine: EngineName | EngineStarter | Engine | undefined): engine is Engine {
  return typeof engine === 'object' && 'prepare' in engine;
}

function reportOf(engine: Engine): BestEngine['report'] {
  const { name, notices = [] } = engine;
  const { threads = 1, weights = 'auto' } = engine as Partial<BestEngine['report']>;
  const reason = 'it was given';
  return {
    engine: name,
    reason,
    weights,
    threads,
    attempts: [{ engine: name, outcome: 'chosen', reason }],
    notices,
    summary: `${name}: ${reason}`,
  };
}
