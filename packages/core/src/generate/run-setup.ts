import { checkInteger } from '../check/check.ts';
import { CacheError, ContextLengthError, ParameterError, ShapeError } from '../errors.ts';
import type { KVCache } from '../model/kv-cache.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { History } from '../sampling/history.ts';
import type { DecodingState } from './decoding-state.ts';
import type { OptionReport, ResolvedOptions } from './options.ts';
import { RunCache } from './run-cache.ts';

export function checkedPrompt(
  model: LanguageModel,
  given: ArrayLike<number>,
  row: number,
  { onContextFull }: ResolvedOptions,
): History {
  const prompt = given.length === 0 ? (model.defaults.decoderStartTokenIds ?? []) : given;
  if (prompt.length === 0)
    throw new ParameterError('generate', `prompts[${row}]`, 'at least one token (the model has no start token)', []);
  if (onContextFull === 'stop' && prompt.length > model.contextLength)
    throw new ContextLengthError(model.contextLength, prompt.length, `prompts[${row}]`);
  for (let i = 0; i < prompt.length; i++)
    checkInteger('generate', `prompts[${row}][${i}]`, prompt[i], 0, model.vocabSize - 1);
  return History.of(prompt);
}

/** What is fed of a state must fit, as a prompt must. */
export function checkedState(
  model: LanguageModel,
  { history }: DecodingState,
  { onContextFull }: ResolvedOptions,
): History {
  if (onContextFull === 'stop' && history.length > model.contextLength)
    throw new ContextLengthError(model.contextLength, history.length, 'The state');
  return history;
}

/** Ids that the caller named must be in the vocabulary. What a checkpoint says beyond it can never be drawn, and does no harm. */
export function checkIds(model: LanguageModel, options: ResolvedOptions, report: OptionReport): void {
  for (const name of ['eosTokenIds', 'logprobsOf', 'forcedBosTokenId', 'forcedEosTokenId'] as const) {
    if (report[name]?.source === 'generation_config.json') continue;
    for (const id of [options[name] ?? []].flat()) checkInteger('generate', name, id, 0, model.vocabSize - 1);
  }
}

export function seedOf(seed: number | readonly number[], row: number, rows: number): number {
  if (typeof seed === 'number') return seed;
  if (seed.length !== rows) throw new ShapeError('generate: seed', [rows], [seed.length]);
  return seed[row]!;
}

export function openCache(model: LanguageModel, rows: number, cache: ResolvedOptions['cache']): RunCache {
  if (typeof cache === 'object' && !('kind' in cache)) {
    if (!model.owns(cache as KVCache)) throw new CacheError(`The cache was not made by the model '${model.name}'.`);
    if (cache.rows !== rows) throw new ShapeError('generate: rows of the cache', [rows], [cache.rows]);
    return new RunCache(cache as KVCache, false);
  }
  return new RunCache(model.createCache({ rows, kind: cache === 'none' ? 'static' : cache }), true);
}
