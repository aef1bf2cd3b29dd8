import type { LanguageModel } from '@tokenwright/core';

/** The ids that always taking the best gives. */
export async function greedy(model: LanguageModel, prompt: readonly number[], count: number): Promise<number[]> {
  const cache = model.createCache();
  const ids: number[] = [];
  try {
    let fed = prompt;
    while (ids.length < count) {
      const { logits, dispose } = model.forward([fed], cache);
      const row = await logits.read();
      dispose();
      const best = row.indexOf(Math.max(...row));
      ids.push(best);
      fed = [best];
    }
  } finally {
    cache.dispose();
  }
  return ids;
}
