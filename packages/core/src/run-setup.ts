import { ContextLengthError, checkInteger, ParameterError, ShapeError } from './errors.ts';
import { History } from './history.ts';
import type { KVCache } from './kv-cache.ts';
import type { LanguageModel } from './language-model.ts';
import type { ResolvedOptions } from './options.ts';
import { RunCache } from './run-cache.ts';

export function checkedPrompt(
  model: LanguageModel,
  given: ArrayLike<number>,
  row: number,
  { onContextFull }: ResolvedOptions,
): History {
  const prompt = given.length === 0 ? (model.defaults.startTokens ?? []) : given;
  if (prompt.length === 0)
    throw new ParameterError('generate', `prompts[${row}]`, 'at least one token (the model has no start token)', []);
  if (onContextFull === 'stop' && prompt.length > model.contextLength)
    throw new ContextLengthError(model.contextLength, prompt.length, 'The prompt');
  for (let i = 0; i < prompt.length; i++)
    checkInteger('generate', `prompts[${row}][${i}]`, prompt[i], 0, model.vocabSize - 1);
  return History.of(prompt);
}

export function seedOf(seed: number | readonly number[], row: number, rows: number): number {
  if (typeof seed === 'number') return seed;
  if (seed.length !== rows) throw new ShapeError('generate: seed', [rows], [seed.length]);
  return seed[row]!;
}

export function openCache(model: LanguageModel, rows: number, cache: ResolvedOptions['cache']): RunCache {
  if (typeof cache === 'object' && !('kind' in cache)) {
    if (cache.rows !== rows) throw new ShapeError('generate: rows of the cache', [rows], [cache.rows]);
    return new RunCache(cache as KVCache, false);
  }
  return new RunCache(model.createCache({ rows, kind: cache === 'none' ? 'preallocated' : cache }), true);
}
