import type { LanguageModel } from '@tokenwright/core';
import { Progress } from './cli/progress.ts';

/** Tokens of a prompt that are read between two looks at the bar. */
export const watchedChunk = 64;

/**
 * The model, with a bar on a terminal while it reads a prompt. It must be read in chunks: `prefillChunkSize: watchedChunk`.
 *
 * @param total tokens of the prompt; asked for when the first is fed.
 */
export function watchPrefill(model: LanguageModel, total: () => number, title = 'reading the prompt'): LanguageModel {
  if (!process.stderr.isTTY) return model;
  const progress = new Progress(title, 'tokens');
  const forward: LanguageModel['forward'] = (tokens, cache, options) => {
    const fed = cache.lengths[0]! + (tokens[0]?.length ?? 0);
    const result = model.forward(tokens, cache, options);
    if (fed < total()) progress.show(fed, total());
    else progress.clear();
    return result;
  };
  return new Proxy(model, {
    get(target, name) {
      if (name === 'forward') return forward;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
